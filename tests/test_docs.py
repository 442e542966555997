"""Commands, examples, names and links in the documentation are right. No command is executed.

What needs something that a test does not have says so in the line before its block: `<!-- needs: a server -->`. Such a
block is checked like any other, but its imports of other people's packages need not be installed.
"""

import ast
import re
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import click
import pytest

from ingest.loaders.formats import SUPPORTED_EXTENSIONS
from rag_app.cli import main
from rag_app.prompts import __file__ as prompts_file
from rag_app.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted(
    (ROOT / "docs").glob("*.md")
)
TEXTS = {page.relative_to(ROOT).as_posix(): page.read_text(encoding="utf-8") for page in PAGES}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
OURS = ("rag_app", "ingest", "model", "benchmarks")

SHELLS = {"bash", "sh"}
LANGUAGES = {*SHELLS, "python", "json", "toml", "text", "mermaid"}
# Programs that are not ours; any other name in a block of commands is a slip of the pen.
OTHERS = {"export", "find", "python3", "pip", "chroma"}
NEEDS = re.compile(r"<!-- needs: (\w.*) -->")
# What no test has.
TELLING = re.compile(
    r"\bpip install\b|\bmake (?:chat|test|lint)\b|--allow-network|--ray-address|--engine ray|chroma run"
    r"|RAG_CHAT_MODEL=(?!local)|train-reader|train-embedder|--data DIR"
)


@dataclass(frozen=True)
class Block:
    """A fenced block: where it begins, its language, its text, and what it says that it needs."""

    page: str
    line: int
    language: str
    text: str
    needs: str | None

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def _blocks(page: str, text: str) -> Iterator[Block]:
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        fence = re.match(r"\s*```(.*)$", lines[number])
        if fence is None:
            number += 1
            continue
        first = number
        number = next(n for n in range(first + 1, len(lines)) if lines[n].strip() == "```")
        marked = NEEDS.fullmatch(lines[first - 1].strip()) if first else None
        body = "\n".join(lines[first + 1 : number]) + "\n"
        yield Block(page, first + 1, fence[1].strip(), body, marked[1] if marked else None)
        number += 1


def _prose(text: str) -> str:
    return re.sub(r"(?ms)^\s*```.*?^\s*```$", "", text)


BLOCKS = [block for page, text in TEXTS.items() for block in _blocks(page, text)]


def _commands(text: str) -> Iterator[list[str]]:
    """The words of each command: lines that go on, pipes and variables before a command are understood."""
    for line in re.sub(r"\\\n\s*", " ", text).splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
        lexer.whitespace_split = True
        command: list[str] = []
        for word in lexer:
            if set(word) <= set("|&;<>"):
                yield command
                command = []
            else:
                command.append(word)
        yield command


def _without_variables(command: list[str]) -> list[str]:
    return command[next((n for n, word in enumerate(command) if not re.match(r"[A-Z_]+=", word)), len(command)) :]


COMMANDS = [
    pytest.param(words, id=f"{block} {' '.join(words)}"[:100])
    for block in BLOCKS
    if block.language in SHELLS
    for command in _commands(block.text)
    if (words := _without_variables(command))
]
# In a sentence, a command may be cut short.
MENTIONED = sorted({found for text in TEXTS.values() for found in re.findall(r"`(rag [^`\n]+)`", _prose(text))})


MODULES = sorted({module for text in TEXTS.values() for module in re.findall(r"python -m ([\w.]+)", text)})


def check_rag(words: list[str], *, complete: bool) -> None:
    """Raise what click raises for a command that does not exist, or options that it does not have.

    Args:
        words: behind `rag`.
        complete: required arguments must be there, and nothing may be left over.
    """
    context, command = click.Context(main, info_name="rag"), main
    while True:
        try:
            given, rest, _ = command.make_parser(context).parse_args(list(words))
        except click.BadOptionUsage:  # its value is missing
            if complete:
                raise
            return
        for parameter in command.get_params(context):
            value = given.get(parameter.name)
            is_given = parameter.name in given and value not in (None, ()) and "UNSET" not in repr(value)
            if is_given and not isinstance(parameter.type, click.Path):
                parameter.type_cast_value(context, value)
            if complete and parameter.required and not is_given:
                raise click.MissingParameter(ctx=context, param=parameter)
        if not isinstance(command, click.Group):
            break
        if not rest:
            if complete:
                raise click.UsageError(f"{context.command_path} needs a command")
            return
        found = command.get_command(context, rest[0])
        if found is None:
            raise click.UsageError(f"{context.command_path} has no command {rest[0]!r}")
        context, command, words = click.Context(found, info_name=rest[0], parent=context), found, rest[1:]
    if rest:
        raise click.UsageError(f"{context.command_path} takes no {rest!r}")


def _source(module: str) -> str:
    spec = find_spec(module)
    assert spec is not None, f"there is no module {module}"
    return Path(str(spec.origin)).read_text(encoding="utf-8")


def check_module(words: list[str]) -> None:
    """Fail for a module that does not exist, or an option whose name does not stand in it; `words` follow `-m`."""
    source = _source(words[0])
    if words[0].startswith(OURS):
        assert [w for w in words[1:] if w.startswith("--") and f'"{w}"' not in source] == []


def test_there_is_something_to_check() -> None:
    assert len(COMMANDS) > 60
    assert len(MENTIONED) > 20
    assert sum(block.language == "python" for block in BLOCKS) > 5


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_exists_with_its_options(words: list[str]) -> None:
    program = Path(words[0]).name
    if program == "rag":
        check_rag(words[1:], complete=True)
    elif program == "python" and words[1] == "-m":
        check_module(words[2:])
    elif program == "make":
        targets = re.findall(r"(?m)^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"))
        assert words[1:], "make needs a target"
        assert set(words[1:]) <= set(targets)
    else:
        assert program in OTHERS, f"{program} is no program that is known here"


@pytest.mark.parametrize("command", MENTIONED)
def test_a_command_in_a_sentence_exists_with_its_options(command: str) -> None:
    words = [word for word in shlex.split(command) if word != "…"]
    check_rag(words[1:], complete=False)


def _options(command: click.Command) -> Iterator[str]:
    for parameter in command.params:
        yield from (*parameter.opts, *parameter.secondary_opts)
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from _options(found)


def test_every_option_in_a_sentence_is_one_of_ours() -> None:
    named = {option for text in TEXTS.values() for option in re.findall(r"`(--[\w-]+)`", _prose(text))}
    of_modules = {o for m in MODULES if m.startswith(OURS) for o in re.findall(r'"(--[\w-]+)"', _source(m))}
    assert len(named) > 20
    assert named - {*_options(main), *of_modules} == set()


@pytest.mark.parametrize("module", MODULES)
def test_a_module_to_run_exists(module: str) -> None:
    check_module([module])


@pytest.mark.parametrize(
    "wrong", ["rag aks x", "rag ask --page 3 x", "rag ask", "rag ask --passages many x", "rag list x"]
)
def test_a_wrong_command_is_noticed(wrong: str) -> None:
    with pytest.raises(click.ClickException):
        check_rag(wrong.split()[1:], complete=True)


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_a_block_names_its_language(block: Block) -> None:
    assert block.language in LANGUAGES
    if block.language not in SHELLS:
        assert not re.search(r"(?m)^(?:\S+=\S+ )?(?:\S*/)?(?:rag|make|python) ", block.text), "commands go into bash"


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_what_a_test_does_not_have_is_marked(block: Block) -> None:
    if block.language in SHELLS:
        assert bool(TELLING.search(block.text)) == (block.needs is not None)


def test_every_mark_stands_before_a_block() -> None:
    marks = sum(len(re.findall(r"<!--", _prose(text).replace("`<!--", ""))) for text in TEXTS.values())
    assert marks == sum(block.needs is not None for block in BLOCKS)


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language == "python"], ids=str)
def test_an_example_compiles_and_its_imports_exist(block: Block) -> None:
    tree = ast.parse(block.text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules = [(alias.name, None) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [(str(node.module), alias.name) for alias in node.names]
        else:
            continue
        for module, name in modules:
            if module.partition(".")[0] not in OURS and block.needs is not None:
                continue
            imported = import_module(module)
            assert name is None or hasattr(imported, name) or find_spec(f"{module}.{name}"), f"{module} has no {name}"


def _anchors(text: str) -> set[str]:
    """What GitHub calls the headings of a page."""
    found: dict[str, int] = {}
    anchors = set()
    for heading in re.findall(r"(?m)^#{1,6} +(.*?) *$", _prose(text)):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        count = found.get(slug, 0)
        found[slug] = count + 1
        anchors.add(f"{slug}-{count}" if count else slug)
    return anchors


LINKS = [
    pytest.param(page, target, id=f"{page} {target}")
    for page, text in TEXTS.items()
    for target in re.findall(r"\[[^\]]*\]\(([^)\s]*)\)", re.sub(r"`[^`\n]*`", "", _prose(text)))
]


@pytest.mark.parametrize(("page", "target"), LINKS)
def test_a_link_leads_to_a_file_and_a_heading(page: str, target: str) -> None:
    assert "://" not in target, "a link to the web cannot be checked here"
    path, _, anchor = target.partition("#")
    file = ((ROOT / page).parent / path).resolve() if path else ROOT / page
    assert file.is_relative_to(ROOT)
    assert file.exists()
    if anchor:
        assert anchor in _anchors(file.read_text(encoding="utf-8"))


def test_every_page_is_reached_from_the_readme() -> None:
    linked = {parameters.values[1].partition("#")[0] for parameters in LINKS if parameters.values[0] == "README.md"}
    assert {name for name in TEXTS if name.startswith("docs/")} <= linked


def test_every_path_that_is_named_exists() -> None:
    tops = "benchmarks|data|docs|ingest|model|rag_app|tests"
    named = {p for text in TEXTS.values() for p in re.findall(rf"`((?:{tops})/[\w/.-]*)`", _prose(text))}
    assert len(named) > 20
    # The loader that CONTRIBUTING makes up.
    assert [path for path in sorted(named - {"ingest/loaders/lyrics.py"}) if not (ROOT / path).exists()] == []


def test_the_settings_are_those_of_the_program() -> None:
    known = {f"RAG_{field.name.upper()}" for field in fields(Settings)} - {"RAG_FILTER"}
    table = set(re.findall(r"(?m)^\| `(RAG_\w+)`", TEXTS["docs/settings.md"]))
    named = {name for text in TEXTS.values() for name in re.findall(r"\bRAG_[A-Z_]+", text)}
    assert table == known
    assert named <= known


def test_every_prompt_is_listed() -> None:
    prompts = {path.name for path in Path(str(prompts_file)).parent.glob("*.txt")}
    assert prompts == set(re.findall(r"`(\w+\.(?:en|zh)\.txt)`", TEXTS["docs/settings.md"]))


def test_every_extension_is_listed() -> None:
    section = TEXTS["docs/ingestion.md"].partition("\n## Formats\n")[2].partition("\n## ")[0]
    listed = set(re.findall(r"`(\.\w+)`", section)) - {".doc", ".xls", ".ppt", ".xlsb"}
    assert listed == set(SUPPORTED_EXTENSIONS)


def test_every_kind_of_failure_is_listed() -> None:
    from ingest.loaders.errors import FailureKind

    section = TEXTS["docs/ingestion.md"].partition("\n## Files that fail\n")[2].partition("\n## ")[0]
    rows = re.findall(r"(?m)^\| (`.*?) \|", section)
    assert {kind for row in rows for kind in re.findall(r"`([\w-]+)`", row)} == set(FailureKind)


def test_the_ways_in_for_other_packages_are_told() -> None:
    from ingest.loaders.formats import GROUP
    from rag_app.collection import EMBEDDERS

    assert f'[project.entry-points."{GROUP}"]' in TEXTS["CONTRIBUTING.md"]
    assert f"`{EMBEDDERS}`" in TEXTS["docs/settings.md"]


def test_every_room_is_listed() -> None:
    rooms = set(re.findall(r"(?m)^\| `([\w/]+)/` \|", TEXTS["docs/architecture.md"]))
    packages = {p.replace(".", "/") for p in PROJECT["tool"]["setuptools"]["packages"]} - {"rag_data"}
    assert rooms == packages


@pytest.mark.parametrize("package", ["rag_app", "ingest", "model"])
def test_the_floors_are_those_of_the_contracts(package: str) -> None:
    (floors,) = [
        contract["layers"]
        for contract in PROJECT["tool"]["importlinter"]["contracts"]
        if contract.get("containers") == [package]
    ]
    rows = [
        [cell.strip() for cell in row.strip("|").split("|")]
        for row in re.findall(r"(?m)^\| (?:floor, top first|\d) \|.*\|$", TEXTS["docs/architecture.md"])
    ]
    column = rows[0].index(f"`{package}`")
    shown = [" | ".join(re.findall(r"`(\w+)`", row[column])) for row in rows[1:]]
    assert [floor for floor in shown if floor] == floors
