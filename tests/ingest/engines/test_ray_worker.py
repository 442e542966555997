"""What becomes of a file whose worker dies, at each moment at which it can; no cluster is needed for that."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ingest.engines import ray as engine
from ingest.engines.ray import RayWorker
from ingest.parser import ParsedEnd, ParsedPart, Parser, ParserLimits
from ingest.splitting.splitter import SplitterSettings


class Died(Exception):  # noqa: N818 - stands for Ray's own
    pass


class TimedOut(Exception):  # noqa: N818
    pass


class FakeRay:
    """Answers as Ray does: a reference is the value itself, and getting an exception raises it."""

    exceptions = SimpleNamespace(
        RayActorError=Died, ObjectLostError=Died, WorkerCrashedError=Died, NodeDiedError=Died, GetTimeoutError=TimedOut
    )

    def get(self, reference: Any, timeout: float | None = None) -> Any:
        if isinstance(reference, Exception):
            raise reference
        return reference


class Actor:
    """Gives the prepared replies of one life after the other; `is_up` says whether it comes up again."""

    def __init__(self, lives: Sequence[Sequence[object]], *, is_up: bool = True) -> None:
        self.asked: list[dict[str, str]] = []
        self._lives = iter(lives)
        self.ready = SimpleNamespace(remote=lambda: "ready" if is_up else TimedOut())
        self.parse = SimpleNamespace(options=lambda **_: SimpleNamespace(remote=self._parse))
        self.hash_file = SimpleNamespace(remote=lambda path: next(self._lives))

    def _parse(self, path: str, known: dict[str, str]) -> Iterator[object]:
        self.asked.append(known)
        return iter(next(self._lives))


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_RESTART_SECONDS", 0.05)
    monkeypatch.setattr(engine, "_POLL", 0.01)


@pytest.fixture
def spare() -> Iterator[Parser]:
    parser = Parser(SplitterSettings(), ParserLimits())
    yield parser
    parser.close()


FIRST, SECOND, ITSELF = (ParsedPart(name, sha * 64, 1, reason="x") for name, sha in (("a", "1"), ("b", "2"), ("", "3")))
END = ParsedEnd()


def replies(lives: Sequence[Sequence[object]], spare: Parser) -> tuple[list[object], Actor]:
    actor = Actor(lives)
    return list(RayWorker(FakeRay(), actor, spare).parse(Path("x.zip"), {"c": "4"})), actor


@pytest.mark.parametrize("at", range(5))
def test_a_death_at_any_moment_loses_and_doubles_nothing(at: int, spare: Parser) -> None:
    whole = [FIRST, SECOND, ITSELF, END]
    known = [ParsedPart(part.name, part.sha256, 1, is_known=True) for part in (FIRST, SECOND, ITSELF)]
    again = [*known[:at], *whole[at:3], END]
    found, actor = replies([[*whole[:at], Died()], again], spare)
    assert found == whole
    if 0 < at < 4:
        assert actor.asked[1] == {"c": "4", **{p.name: p.sha256 for p in (FIRST, SECOND, ITSELF)[:at]}}


def test_a_part_that_changed_meanwhile_comes_once_more(spare: Parser) -> None:
    changed = ParsedPart("a", "9" * 64, 1, reason="x")
    found, _ = replies([[FIRST, Died()], [changed, END]], spare)
    assert found == [FIRST, changed, END]


def test_a_file_at_which_every_worker_dies_fails_with_a_reason(spare: Parser) -> None:
    found, _ = replies([[Died()]] * 3, spare)
    assert found == [ParsedEnd("the worker on the cluster died 3 times while it read it; ingest it without Ray")]


def test_where_no_worker_comes_up_again_files_are_read_here(spare: Parser, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("A report about copper.")
    worker = RayWorker(FakeRay(), Actor([[Died()]], is_up=False), spare)
    part, end = worker.parse(path, {})
    assert isinstance(part, ParsedPart) and part.document is not None and end == END
    assert worker.hash_file(path) == part.sha256


def test_a_hash_is_asked_for_again_and_an_unreadable_file_is_an_os_error(spare: Parser) -> None:
    actor = Actor([Died(), ("5" * 64, None), (None, (13, "Permission denied"))])  # type: ignore[list-item]
    worker = RayWorker(FakeRay(), actor, spare)
    assert worker.hash_file(Path("x")) == "5" * 64
    with pytest.raises(PermissionError, match="Permission denied"):
        worker.hash_file(Path("x"))
