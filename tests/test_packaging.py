"""What a plain `pip install .` takes along."""

import tomllib
from importlib.metadata import entry_points
from pathlib import Path

from ingest.resources import shipped

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_every_package_is_listed() -> None:
    found = {
        ".".join(init.parent.relative_to(ROOT).parts)
        for top in ("model", "ingest", "rag_app")
        for init in (ROOT / top).rglob("__init__.py")
    }
    assert found | {"rag_data"} == set(PROJECT["tool"]["setuptools"]["packages"])


def test_every_file_that_a_package_reads_is_packaged() -> None:
    packaged = PROJECT["tool"]["setuptools"]["package-data"]
    for package in PROJECT["tool"]["setuptools"]["packages"]:
        folder = ROOT / package.replace(".", "/")
        if package == "rag_data":
            continue
        for path in folder.iterdir():
            if path.is_file() and path.suffix not in {".py", ".pyc", ".md"}:
                assert any(path.match(pattern) for pattern in packaged.get(package, ())), path


def test_the_console_script_is_rag() -> None:
    (script,) = [e for e in entry_points(group="console_scripts") if e.name == "rag"]
    assert script.value == "rag_app.cli:main"


def test_weights_and_samples_ship_and_stay_small() -> None:
    weights = shipped("models/reader/model.safetensors")
    assert weights.stat().st_size < 40 * 2**20
    assert shipped("samples/questions.jsonl").exists()
    pickled = [p for p in (ROOT / "data").rglob("*") if p.suffix in {".pt", ".pth", ".pkl", ".bin"}]
    assert pickled == []


def test_versions_are_locked_without_any_address() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").split()
    assert "torch==2.13.0" in lines
    assert all("==" in line and "/" not in line for line in lines)
