"""Every failure of a loader has a kind, which is stored with its reason and comes back."""

import ast
from pathlib import Path

import pytest

import ingest
from ingest.loaders.errors import FailureKind, LoadError, UnsupportedTypeError, kind_and_message, stored_reason

HAVE_A_KIND_OF_THEIR_OWN = {"UnsupportedTypeError", "OcrMissingError", "FileChanging"}


def test_every_loader_says_which_kind_of_failure_it_is() -> None:
    folder = Path(ingest.__file__).parent / "loaders"
    unkind = [
        f"{path.name}:{call.lineno}"
        for path in folder.glob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "LoadError"
        and len(call.args) < 2
    ]
    assert unkind == []


def test_a_kind_comes_back_from_a_stored_reason() -> None:
    for kind in FailureKind:
        assert kind_and_message(stored_reason("it is bad [really];\nmend it", kind)) == (
            kind,
            "it is bad [really];\nmend it",
        )


@pytest.mark.parametrize("reason", ["it is bad", "it is bad [odd]", "[empty]", "it is bad [empty] still", ""])
def test_a_reason_without_a_kind_stays_as_it_is(reason: str) -> None:
    assert kind_and_message(reason) == (None, reason)


def test_a_kind_of_errors_has_its_kind() -> None:
    assert UnsupportedTypeError("no").kind is FailureKind.UNSUPPORTED
    assert LoadError("no").kind is None
    assert LoadError("no", FailureKind.EMPTY).kind is FailureKind.EMPTY
    assert str(LoadError("no", FailureKind.EMPTY)) == "no"
