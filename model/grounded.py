"""Grounded decoding: the GPT reads passages and emits copy instructions, so an answer cannot be invented.

All passages of a question are read as one batch. Each gives its best quote, the probability of that quote and the
probability that the passage does not say. Long passages are read in overlapping windows, so that no answer is lost at
a window's border.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import torch
from torch import Tensor

from model.allocator import keep_freed_memory
from model.cache import Cache, TapeCache
from model.checkpoint import CheckpointError, load_checkpoint
from model.copy_head import NEVER
from model.expected_overlap import CANDIDATES, expected_overlap
from model.gpt import GPT, prefix_mask
from model.precision import reading_dtype
from model.prepacking import prepack
from model.tokenizer import Encoding, TextTokenizer
from model.units import end_with_unit
from model.word_edges import Segment, WordEdges, best_uncut

MAX_PROMPT = 320        # tokens; the longest prompt of the training
MAX_QUESTION = 64       # tokens; what is longer is cut at the end
EXACTNESS = 0.5         # weight of a quote being exactly right, against overlapping with the right one (model/LOG.md)
BATCH = 16              # windows read at once; bounds the memory
GRAIN = 16              # prompts are padded to a multiple: what is left over by a vector of 16 costs attention extra
BATCH_COST = 160        # padded tokens that cost about as much time as one more batch


@dataclass(frozen=True, slots=True)
class Quote:
    """A verbatim piece of a passage: `passage[start:end] == text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What the network finds in one passage.

    Attributes:
        quotes: the best answer's quotes, in the order they were copied; never empty, because the best answer is
            given even when stopping is likelier. Whether to trust it is the caller's decision.
        log_probability: of the first quote, against every other quote of the passage and against stopping.
        no_answer: log-probability of stopping at once: "the passage does not say".
        start_log_probability: that an answer begins where the first quote does, wherever it ends: sure of the place
            although unsure of the length.
        expected_overlap: F1 that the network expects of the first quote, 0..1 (expected_overlap.py).
    """

    quotes: tuple[Quote, ...]
    log_probability: float
    no_answer: float
    start_log_probability: float
    expected_overlap: float

    @property
    def evidence(self) -> float:
        """How much more is expected of the best quote than of silence, as a logarithm: what passages compete by."""
        return math.log(max(self.expected_overlap, 1e-9)) - self.no_answer


@dataclass(frozen=True, slots=True)
class Readings:
    """One `Reading` for each passage (None for a passage without a token), and what they cost."""

    readings: list[Reading | None]
    prompt_tokens: int
    steps: int


@dataclass(frozen=True, slots=True)
class _Window:
    passage: int
    ids: list[int]
    body: int               # index of the first passage token in ids
    first: int              # passage token at that index
    count: int              # passage tokens in this window


@dataclass(frozen=True, slots=True)
class _Asked:
    question: str           # folded
    passages: Sequence[str]
    encodings: Sequence[Encoding]
    words: Sequence[WordEdges]

    def place(self, window: _Window, start: int, end: int) -> tuple[int, int]:
        """Characters from the first of prompt token `start` to behind the last of `end`; (0, 0) outside the window."""
        offsets = self.encodings[window.passage].offsets
        shift = window.first - window.body
        if not 0 <= start + shift <= end + shift < len(offsets):
            return 0, 0
        return offsets[start + shift][0], offsets[end + shift][1]

    def quote(self, window: _Window, start: int, end: int) -> Quote:
        """The text between two tokens of the prompt, with the unit asked for."""
        first, last = self.place(window, start, end)
        last = end_with_unit(self.question, self.words[window.passage].text, last, self.words[window.passage])
        return Quote(first, last, self.passages[window.passage][first:last])


class GroundedReader:
    """The reader as the product uses it: a question and passages in, quotes with probabilities out."""

    def __init__(self, gpt: GPT, tokenizer: TextTokenizer, segment: Segment | None = None) -> None:
        """Wrap a network; it is used as it is, in its own number format.

        Args:
            gpt: with a copy head.
            tokenizer: of its vocabulary.
            segment: cuts Chinese text (simplified) into words; quotes then begin and end between them.

        Raises:
            CheckpointError: the network has no copy head, or its tokenizer lacks [CLS], [SEP] and [PAD].
        """
        if gpt.copy_head is None:
            raise CheckpointError("this network has no copy head: it cannot read in grounded mode")
        if tokenizer.cls is None or tokenizer.sep is None or tokenizer.pad is None:
            raise CheckpointError("this network's tokenizer has no [CLS], [SEP] and [PAD]: it is not a reader's")
        self.gpt = gpt.eval()
        self.head = gpt.copy_head
        self.tokenizer = tokenizer
        self.segment = segment
        self.special: tuple[int, int, int] = (tokenizer.cls, tokenizer.sep, tokenizer.pad)
        self._lock = Lock()   # torch already uses all cores for one batch; two at once only slow each other

    @classmethod
    def load(cls, folder: Path, segment: Segment | None = None) -> GroundedReader:
        """Load a checkpoint folder, in bfloat16 where that is fast; `segment` as in the constructor.

        Raises:
            CheckpointError: see `load_checkpoint`.
        """
        keep_freed_memory()
        gpt, tokenizer = load_checkpoint(folder, reading_dtype())
        prepack(gpt)
        return cls(gpt, tokenizer, segment)

    def read(self, question: str, passages: Sequence[str], *, max_quotes: int = 3) -> Readings:
        """Read every passage for the question.

        Args:
            question: cut to `MAX_QUESTION` tokens.
            passages: any lengths; long ones cost several windows.
            max_quotes: most quotes of one answer.
        """
        q = self.tokenizer.encode(question).ids[:MAX_QUESTION]
        encodings = self.tokenizer.encode_batch(list(passages))
        asked = _Asked(
            self.tokenizer.fold(question), passages, encodings,
            [WordEdges(self.tokenizer.fold(p), self.segment) for p in passages],
        )
        windows = [w for i, e in enumerate(encodings) for w in self._windows(q, e, i)]
        windows.sort(key=lambda w: len(w.ids))
        best: dict[int, tuple[float, Reading]] = {}
        steps = 0
        with self._lock, torch.inference_mode():
            for part in _batches(windows):
                for window, reading in zip(part, self._read_batch(part, asked, max_quotes), strict=True):
                    if window.passage not in best or reading.evidence > best[window.passage][0]:
                        best[window.passage] = (reading.evidence, reading)
                    steps += len(reading.quotes) + 1
        readings = [best[i][1] if i in best else None for i in range(len(passages))]
        return Readings(readings, sum(len(w.ids) for w in windows), steps)

    def _windows(self, question: list[int], passage: Encoding, index: int) -> Iterator[_Window]:
        cls, sep, _ = self.special
        room = MAX_PROMPT - len(question) - 3
        body = len(question) + 2
        first = 0
        while first < len(passage):
            ids = passage.ids[first:first + room]
            yield _Window(index, [cls, *question, sep, *ids, sep], body, first, len(ids))
            if first + room >= len(passage):
                return
            first += room // 2

    def _read_batch(self, windows: Sequence[_Window], asked: _Asked, max_quotes: int) -> list[Reading]:
        ids, segments, allowed, lengths = self._tensors(windows)
        b, width = ids.shape
        rows = torch.arange(b)
        cache = TapeCache()
        mask = None if bool((lengths == width).all()) else prefix_mask(lengths, width)
        states = self.gpt(self.gpt.embed(ids, segments), mask=mask, cache=cache)
        memory = states.float()
        pairs = self.head.likeliest_pairs(memory[rows, lengths - 1], memory, allowed, CANDIDATES)
        expected = expected_overlap(pairs.log_probabilities, pairs.starts, pairs.ends)
        possible = pairs.log_probabilities > NEVER / 2      # a short passage has fewer pairs than were asked for
        worth = ((EXACTNESS * pairs.log_probabilities.exp() + (1 - EXACTNESS) * expected) * possible).tolist()
        chosen = torch.tensor([
            best_uncut(worth[i], [asked.place(w, s, e) for s, e in zip(*both, strict=True)], asked.words[w.passage])
            for i, (w, both) in enumerate(zip(windows, zip(pairs.starts.tolist(), pairs.ends.tolist(), strict=True),
                                              strict=True))
        ])
        starts, ends = pairs.starts[rows, chosen], pairs.ends[rows, chosen]
        found = [[(int(start), int(end))] for start, end in zip(starts, ends, strict=True)]
        score, stop = pairs.log_probabilities[rows, chosen], pairs.instructions[:, -1]
        start = pairs.instructions[rows, starts]
        self._further_quotes(found, memory, allowed, lengths, cache, max_quotes, states.dtype)
        return [
            Reading(
                tuple(asked.quote(w, first, last) for first, last in found[i]),
                float(score[i]), float(stop[i]), float(start[i]), float(expected[i, chosen[i]]),
            )
            for i, w in enumerate(windows)
        ]

    def _further_quotes(
        self,
        found: list[list[tuple[int, int]]],
        memory: Tensor, allowed: Tensor, lengths: Tensor, cache: Cache, max_quotes: int, dtype: torch.dtype,
    ) -> None:
        """Keep emitting instructions until each sequence stops or repeats itself; extends `found` in place."""
        b, width = allowed.shape
        exists = torch.arange(width)[None] < lengths[:, None]
        free = allowed.clone()
        for step in range(max_quotes - 1):
            for i, quotes in enumerate(found):
                start, end = quotes[-1]
                free[i, start:end + 1] = False                          # nothing is quoted twice
            last = torch.tensor([quotes[-1] for quotes in found])
            mask = torch.cat((exists, torch.ones(b, step + 1, dtype=torch.bool)), dim=1)[:, None, None]
            x = self.head.instruction(memory, last[:, :1], last[:, 1:]).to(dtype)
            decision = self.gpt(x, mask=mask, positions=lengths[:, None] + step, cache=cache)[:, 0]
            pairs = self.head.likeliest_pairs(decision.float(), memory, free)
            likelier = pairs.log_probabilities[:, 0] > pairs.instructions[:, -1]
            more = False
            for i, quotes in enumerate(found):
                start, end = int(pairs.starts[i, 0]), int(pairs.ends[i, 0])
                going = len(quotes) == step + 1 and bool(likelier[i]) and bool(free[i, start:end + 1].all())
                if going:
                    quotes.append((start, end))
                more = more or going
            if not more:
                return

    def _tensors(self, windows: Sequence[_Window]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        width = min(_padded(len(windows[-1].ids)), self.gpt.config.max_positions)
        ids = torch.full((len(windows), width), self.special[2])
        segments = torch.zeros_like(ids)
        allowed = torch.zeros(ids.shape, dtype=torch.bool)
        for i, w in enumerate(windows):
            ids[i, :len(w.ids)] = torch.tensor(w.ids)
            segments[i, w.body:len(w.ids)] = 1
            allowed[i, w.body:w.body + w.count] = True
        return ids, segments, allowed, torch.tensor([len(w.ids) for w in windows])


def _padded(tokens: int) -> int:
    return -(-tokens // GRAIN) * GRAIN


def _batches(windows: Sequence[_Window]) -> list[Sequence[_Window]]:
    """Cut windows, shortest first, into batches: the cut that costs least in padding and in batches."""
    least = [0]             # cost of the first n windows
    cut = [0]               # where the last of their batches begins
    for n in range(1, len(windows) + 1):
        width = _padded(len(windows[n - 1].ids))
        cost, begin = min((least[m] + (n - m) * width + BATCH_COST, m) for m in range(max(0, n - BATCH), n))
        least.append(cost)
        cut.append(begin)
    batches: list[Sequence[_Window]] = []
    end = len(windows)
    while end:
        batches.append(windows[cut[end]:end])
        end = cut[end]
    return batches[::-1]
