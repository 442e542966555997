"""What a newcomer meets first is short and true: the README, and the LangChain examples, which run as they stand."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", ["README.md", "docs/langchain.md"])
def test_the_langchain_example_runs(page: str, tmp_path: Path) -> None:
    code = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)[0]
    assert 'Path("my-data")' in code
    code = code.replace('Path("my-data")', f"Path({str(tmp_path)!r})")
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert found.returncode == 0, found.stderr
    assert "lumo-2-manual.md" in found.stdout


def test_the_readme_is_read_in_four_minutes() -> None:
    prose = re.sub(r"```.*?```|<!--.*?-->", "", README, flags=re.DOTALL)
    words = [word for word in prose.split() if re.search(r"\w", word)]
    assert len(words) < 1000


def test_the_two_commands_come_first() -> None:
    block = re.findall(r"```bash\n(.*?)```", README, re.DOTALL)[0]
    assert re.findall(r"(?m)^(make \w+)", block) == ["make chat", "make test"]


def test_the_names_that_an_installation_takes_are_told() -> None:
    prose = " ".join(README.split())
    assert "adds three packages to the top level of your environment: `rag_app`, `ingest` and `model`" in prose
