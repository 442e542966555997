"""What `rag_app` promises to other code, from a clone and from a wheel."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import rag_app

ROOT = Path(__file__).parents[2]
ASK = """
import sys
from pathlib import Path
import rag_app
from rag_app import Settings, build_chain, ingest, open_library
home = Path(sys.argv[1])
(home / "lease.txt").write_text("The lease begins on 1 May. The deposit is 2,400 euros.", encoding="utf-8")
settings = Settings(home=home / "library")
with open_library(settings) as library:
    ingest(library, [home / "lease.txt"])
    answer = build_chain(settings, library=library).invoke({"question": "How much is the deposit?"})
print(Path(rag_app.__file__).parent, answer.answer)
"""


@pytest.mark.parametrize("name", rag_app.__all__)
def test_each_name_can_be_imported(name: str) -> None:
    assert getattr(rag_app, name).__name__ == name


def test_another_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match=r"rag_app.*nothing"):
        rag_app.nothing  # noqa: B018


def test_the_package_alone_imports_nothing_heavy() -> None:
    program = "import sys, rag_app; print({'torch', 'langchain_core', 'chromadb'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.strip() == "set()"


def test_a_wheel_answers_outside_the_clone(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    source, wheels, target = tmp_path / "source", tmp_path / "wheels", tmp_path / "installed"
    source.mkdir()  # a copy: setuptools would leave its build folder here, and take old modules from there next time
    for name in ("model", "ingest", "rag_app", "data"):
        shutil.copytree(ROOT / name, source / name)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    subprocess.run([*pip, "wheel", "--no-deps", "-w", str(wheels), str(source)], check=True, cwd=tmp_path)
    (wheel,) = wheels.iterdir()
    subprocess.run([*pip, "install", "--no-deps", "--target", str(target), str(wheel)], check=True, cwd=tmp_path)
    (tmp_path / "home").mkdir()
    found = subprocess.run(
        [sys.executable, "-c", ASK, str(tmp_path / "home")],
        env={**os.environ, "PYTHONPATH": str(target)},
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path / "home",
    )
    assert found.stdout.startswith(str(target)), found.stdout
    assert "2,400 euros" in found.stdout
