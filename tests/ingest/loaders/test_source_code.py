import pytest

from ingest.documents import LoadedDocument
from ingest.loaders.source_code import load_code, load_python
from ingest.splitting.splitter import SplitterSettings, split

PYTHON = '''"""Doc."""
import os


@decorated
def first(a):
    return 1


class Shop:
    def buy(self):
        if a: return "x. Y"
'''
JAVA = """/** A shop. */
public class Shop {
  // Adds.
  public static int add(int a, int b) {
    return a + b;
  }
}
"""


def outline(document: LoadedDocument) -> list[tuple[int, str, str]]:
    return [(h.level, h.title, document.text[h.start :].split("\n")[0].strip()) for h in document.headings]


def test_python_is_cut_at_its_definitions_with_decorators() -> None:
    document = load_python(PYTHON.encode(), "shop")
    assert document.text == PYTHON and document.title == "shop"
    assert outline(document) == [
        (1, "def first", "@decorated"), (1, "class Shop", "class Shop:"), (2, "def buy", "def buy(self):")
    ]  # fmt: skip


def test_python_with_a_syntax_error_is_cut_by_the_look_of_its_lines() -> None:
    assert [title for _, title, _ in outline(load_python(b"def f(:\n  x\nclass A:\n  pass\n", "s"))] == ["f", "A"]


def test_comments_above_belong_to_a_definition() -> None:
    assert outline(load_code(JAVA.encode(), "s")) == [(1, "Shop", "/** A shop. */"), (2, "add", "// Adds.")]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("export async function load(url) {", "load"),
        ("const send = async (x) => {", "send"),
        ("func (s *Shop) Buy(n int) error {", "Buy"),
        ("pub fn run<T>(x: T) -> u8 {", "run<T>"),
        ("int main(int argc, char **argv) {", "main"),
        ("CREATE TABLE IF NOT EXISTS users (", "users"),
        ("deploy() {", "deploy"),
        ("  def area", "area"),
    ],
)
def test_definitions_of_many_languages_are_seen(line: str, name: str) -> None:
    assert [h.title for h in load_code(f"x\n{line}\n".encode(), "s").headings] == [name]


@pytest.mark.parametrize("line", ["return f(x)", "if (a) {", "} else if (b) {", "x = call(y);", "for (;;) {"])
def test_other_lines_are_not_definitions(line: str) -> None:
    assert load_code(f"{line}\n".encode(), "s").headings == ()


def test_no_chunk_cuts_a_line() -> None:
    code = "".join(f"def f{i}(a, b):\n    value = call(a, b, {i}). other[{i}]\n    return value\n\n" for i in range(60))
    document = load_python(code.encode(), "s")
    for chunk in split(document, SplitterSettings(chunk_units=40, overlap_units=10, tiny_units=10, max_units=60)):
        assert code[chunk.start - 1] in "\n " if chunk.start else True
        assert code[chunk.end] == "\n"
