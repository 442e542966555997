"""Workers on a Ray cluster: each is an actor with a parser process and an embedding model of its own.

Every machine sees the files under the same paths (shared storage) and has this program and the embedding model
installed. Documents come back with their vectors, those that were edited without: of them only the passages that are
new are embedded, and which these are only the library knows.

An actor that dies (killed, out of memory, its machine gone) is started again by Ray and reads its file once more, from
the document at which it was. Where none comes up again, its files are read on this machine, so that nothing is lost.

Without an address a cluster of this machine alone is started, which listens on loopback only. Ray's usage reports and
its dashboard are off.
"""

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.content_hash import embedded_text, sha256_of
from ingest.documents import Chunk
from ingest.embedding.embedder import Embedder
from ingest.engines import Worker
from ingest.errors import EngineUnavailable
from ingest.library import Library
from ingest.parser import ParsedEnd, ParsedPart, Parser, ParserLimits
from ingest.splitting.splitter import SplitterSettings

_START_SECONDS = 300.0  # until the first actor answers
_MORE_SECONDS = 60.0  # for the others, from then on
_RESTART_SECONDS = 120.0  # until an actor that died answers again
_ATTEMPTS = 3  # at one file
_EMBEDDING_BATCH = 128  # chunks
_WAITING = 4  # documents of one file that may be under way
_POLL = 1.0  # seconds


class RayEngine:
    """Reads files on a Ray cluster.

    Args:
        make_embedder: makes the embedding model in each actor; sent to the cluster, so it must be importable there.
        address: of the cluster (`host:6379`, `auto`); None starts one of this machine.
        jobs: number of actors, one core each; None takes all cores of the cluster.
        limits: what one file may cost.

    Raises:
        EngineUnavailable: when Ray is not installed or the cluster cannot be reached.
    """

    def __init__(
        self,
        make_embedder: Callable[[], Embedder],
        *,
        address: str | None = None,
        jobs: int | None = None,
        limits: ParserLimits = ParserLimits(),  # noqa: B008 - immutable
    ) -> None:
        self.limits = limits
        self._make_embedder = make_embedder
        self._jobs = jobs
        self._made_for: tuple[SplitterSettings, str] | None = None
        self._workers: list[Worker] = []
        self._ray, self._is_ours = _connected(address, jobs)

    def workers(self, library: Library) -> list[Worker]:
        """Start the actors and return those that came up, and a parser of this machine.

        Raises:
            EngineUnavailable: when none came up, or the machines have another embedding model.
        """
        made_for = (library.splitter, library.embedder.fingerprint)
        if made_for != self._made_for or any(worker.closed for worker in self._workers):
            self._close_workers()
            self._workers = [*self._started(library), Parser(library.splitter, self.limits)]
            self._made_for = made_for
        return list(self._workers)

    def close(self) -> None:
        """End the actors, and the cluster if it was started for this."""
        self._close_workers()
        if self._is_ours:
            self._ray.shutdown()

    def _close_workers(self) -> None:
        for worker in self._workers:
            worker.close()
        self._workers = []

    def _started(self, library: Library) -> list["RayWorker"]:
        count = self._jobs or max(1, int(self._ray.cluster_resources().get("CPU", 1)))
        options = {"num_cpus": 1, "max_restarts": -1, "scheduling_strategy": "SPREAD"}
        remote = self._ray.remote(_Reader).options(**options)
        actors = [remote.remote(library.splitter, self.limits, self._make_embedder) for _ in range(count)]
        answers = [actor.ready.remote() for actor in actors]
        self._ray.wait(answers, num_returns=1, timeout=_START_SECONDS)
        up, _ = self._ray.wait(answers, num_returns=len(answers), timeout=_MORE_SECONDS)
        for actor, answer in zip(actors, answers, strict=True):
            if answer not in up:
                self._ray.kill(actor)
        if not up:
            raise EngineUnavailable(f"no core of the Ray cluster was free within {_START_SECONDS:g} s; try again later")
        try:
            prints = set(self._ray.get(up))
        except self._ray.exceptions.RayError as error:
            cause = getattr(error, "cause", error)
            raise EngineUnavailable(f"the workers on the Ray cluster cannot be used ({cause})") from error
        if prints != {library.embedder.fingerprint}:
            raise EngineUnavailable(
                "a machine of the Ray cluster has another embedding model than this one; install the same on all"
            )
        return [
            RayWorker(self._ray, actor, Parser(library.splitter, self.limits))
            for actor, answer in zip(actors, answers, strict=True)
            if answer in up
        ]


class RayWorker:
    """This side of an actor. `spare` reads files here when the actor does not come up again."""

    def __init__(self, ray: Any, actor: Any, spare: Parser) -> None:
        self._ray = ray
        self._actor = actor
        self._spare = spare
        errors = ray.exceptions
        self._deaths = (errors.RayActorError, errors.ObjectLostError, errors.WorkerCrashedError, errors.NodeDiedError)
        self._is_lost = False
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    def hash_file(self, path: Path) -> str:
        """Return the sha256 of a file's content, worked out by the actor, or raise OSError."""
        for _ in range(_ATTEMPTS):
            if self._is_lost or self._closed:
                break
            try:
                sha256, problem = self._ray.get(self._actor.hash_file.remote(str(path)))
            except self._deaths:
                self._await_restart()
                continue
            if problem is not None:
                raise OSError(*problem)
            return str(sha256)
        return sha256_of(path)

    def parse(self, path: Path, known: Mapping[str, str]) -> Iterator[ParsedPart | ParsedEnd]:
        """Yield the documents in a file, with the vectors of those that are new, and at last a `ParsedEnd`."""
        handed_over: dict[str, str] = {}  # parts that came before an actor died
        for _ in range(_ATTEMPTS):
            if self._is_lost or self._closed:
                break
            try:
                for reply in self._stream(path, {**known, **handed_over}):
                    if isinstance(reply, ParsedPart):
                        if handed_over.get(reply.name) == reply.sha256:
                            continue
                        handed_over[reply.name] = reply.sha256
                    yield reply
                    if isinstance(reply, ParsedEnd):  # a death from now on concerns nobody
                        return
            except self._deaths:
                self._await_restart()
        if self._closed:
            yield ParsedEnd("the ingestion was stopped")
        elif self._is_lost:
            for reply in self._spare.parse(path, {**known, **handed_over}):
                if isinstance(reply, ParsedEnd) or handed_over.get(reply.name) != reply.sha256:
                    yield reply
        else:
            yield ParsedEnd(f"the worker on the cluster died {_ATTEMPTS} times while it read it; ingest it without Ray")

    def close(self) -> None:
        """End the actor and the spare parser, from any thread."""
        self._closed = True
        self._spare.close()
        if self._ray.is_initialized():
            self._ray.kill(self._actor)

    def _stream(self, path: Path, known: Mapping[str, str]) -> Iterator[ParsedPart | ParsedEnd]:
        options = {"num_returns": "streaming", "_generator_backpressure_num_objects": _WAITING}
        for reference in self._actor.parse.options(**options).remote(str(path), dict(known)):
            yield self._ray.get(reference)

    def _await_restart(self) -> None:
        ends = time.monotonic() + _RESTART_SECONDS
        while not self._closed and time.monotonic() < ends:
            try:
                self._ray.get(self._actor.ready.remote(), timeout=_POLL)
            except self._ray.exceptions.GetTimeoutError:
                continue
            except self._deaths:
                time.sleep(_POLL)
                continue
            return
        self._is_lost = True


class _Reader:
    """The actor: it reads, splits and embeds."""

    def __init__(self, splitter: SplitterSettings, limits: ParserLimits, make_embedder: Callable[[], Embedder]) -> None:
        self._parser = Parser(splitter, limits)
        self._make_embedder = make_embedder
        self._embedder: Embedder | None = None

    def ready(self) -> str:
        """Return the fingerprint of the embedding model."""
        if self._embedder is None:
            self._embedder = self._make_embedder()
        return self._embedder.fingerprint

    def hash_file(self, path: str) -> tuple[str | None, tuple[int | None, str | None] | None]:
        """Return the hash of a file, or number and words of the error."""
        try:
            return sha256_of(Path(path)), None
        except OSError as error:
            return None, (error.errno, error.strerror)

    def parse(self, path: str, known: dict[str, str]) -> Iterator[ParsedPart | ParsedEnd]:
        """Yield the documents in a file, each with its vectors unless an earlier version of it is known."""
        for reply in self._parser.parse(Path(path), known):
            if isinstance(reply, ParsedPart) and reply.chunks and reply.name not in known:
                yield replace(reply, vectors=self._embedded(reply.chunks))
            else:
                yield reply

    def _embedded(self, chunks: tuple[Chunk, ...]) -> NDArray[np.float32]:
        self.ready()
        assert self._embedder is not None  # noqa: S101 - made by `ready`
        texts = [embedded_text(chunk.heading_path, chunk.text) for chunk in chunks]
        batches = (texts[start : start + _EMBEDDING_BATCH] for start in range(0, len(texts), _EMBEDDING_BATCH))
        return np.concatenate([self._embedder.embed_documents(batch) for batch in batches])


def _connected(address: str | None, jobs: int | None) -> tuple[Any, bool]:
    """Return the module `ray`, connected, and whether the connection is ours to end."""
    # Read when Ray is imported, which therefore must not have happened before, and by the processes that it starts.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    if address is None:
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # in spite of the name: on loopback, on any system
    try:
        import ray
    except ImportError as error:
        raise EngineUnavailable("Ray is not installed; run `pip install 'ray>=2.50'`") from error
    if ray.is_initialized():
        return ray, False
    options: dict[str, Any] = {"address": address} if address else {"num_cpus": jobs, "include_dashboard": False}
    try:
        ray.init(log_to_driver=False, logging_level=logging.ERROR, **options)
    except Exception as error:  # Ray raises nothing better where a process of its own does not start
        hint = "if it was started with RAY_AUTH_MODE=token, set it here too"
        where = f"{address} ({hint})" if address else "of this machine"
        raise EngineUnavailable(f"the Ray cluster {where} cannot be used: {error}") from error
    return ray, True
