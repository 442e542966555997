"""Grounded decoding: the GPT reads passages and emits copy instructions, so an answer cannot be invented.

All passages of a question are read as one batch. Each gives its best quote, the probability of that quote and the
probability that the passage does not say. Long passages are read in overlapping windows, so that no answer is lost at
a window's border.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock

import torch
from torch import Tensor

from model.checkpoint import CheckpointError, load_checkpoint
from model.network.allocator import keep_freed_memory
from model.network.cache import Cache, TapeCache
from model.network.copy_head import NEVER
from model.network.gpt import GPT, prefix_mask
from model.network.precision import reading_dtype
from model.network.prepacking import prepack
from model.reader.expected_overlap import CANDIDATES, expected_overlap
from model.reader.prompt import HEADING, Opening, Openings, Turn, special_of
from model.reader.reading import Quote, Reading, Readings
from model.reader.second_pass import (
    MAX_SHARE,
    MIN_EVIDENCE,
    NEIGHBOURS,
    SHARE,
    Candidates,
    Sentences,
    averaged,
    part_around,
)
from model.reader.units import end_with_unit
from model.reader.windows import MAX_PROMPT, Window, batches_of, tensors_of, windows_over
from model.reader.word_edges import Segment, WordEdges, best_uncut
from model.text.language import language_of
from model.tokenizer import Encoding, TextTokenizer

EXACTNESS = 0.5  # weight of a quote being exactly right, against overlapping with the right one (model/LOG.md)


@dataclass(frozen=True, slots=True)
class _Request:
    question: str  # folded
    passages: Sequence[str]
    encodings: Sequence[Encoding]
    words: Sequence[WordEdges]

    def place(self, passage: int, first: int, last: int) -> tuple[int, int]:
        """Characters from the first of one passage token to behind the last of another; (0, 0) outside."""
        offsets = self.encodings[passage].offsets
        if not 0 <= first <= last < len(offsets):
            return 0, 0
        return offsets[first][0], offsets[last][1]

    def quote(self, passage: int, first: int, last: int) -> Quote:
        """The text between two tokens of a passage, with the unit asked for."""
        start, end = self.place(passage, first, last)
        words = self.words[passage]
        end = end_with_unit(self.question, words.text, end, words)
        return Quote(start, end, self.passages[passage][start:end])


@dataclass(frozen=True, slots=True)
class _Look:
    candidates: Candidates
    reading: Reading


class GroundedReader:
    """The reader as the product uses it: a question and passages in, quotes with probabilities out."""

    def __init__(
        self, gpt: GPT, tokenizer: TextTokenizer, segment: Segment | None = None, sentences: Sentences | None = None
    ) -> None:
        """Wrap a network; it is used as it is, in its own number format.

        Args:
            gpt: with a copy head.
            tokenizer: of its vocabulary.
            segment: cuts Chinese text (simplified) into words; quotes then begin and end between them.
            sentences: finds sentences; those around a quote are then read a second time (second_pass.py).

        Raises:
            CheckpointError: the network has no copy head, or its tokenizer lacks [CLS], [SEP] and [PAD].
        """
        if gpt.copy_head is None:
            raise CheckpointError("this network has no copy head: it cannot read in grounded mode")
        self.gpt = gpt.eval()
        self.head = gpt.copy_head
        self.tokenizer = tokenizer
        self.segment = segment
        self.sentences = sentences
        self.special = special_of(tokenizer)
        self.reads_context = gpt.config.n_segments > HEADING  # readers before December 2026 knew no headings
        self._lock = Lock()  # torch already uses all cores for one batch; two at once only slow each other

    @classmethod
    def load(cls, folder: Path, segment: Segment | None = None, sentences: Sentences | None = None) -> GroundedReader:
        """Load a checkpoint folder, in bfloat16 where that is fast; `segment` and `sentences` as in the constructor.

        Raises:
            CheckpointError: see `load_checkpoint`.
        """
        keep_freed_memory()
        gpt, tokenizer = load_checkpoint(folder, reading_dtype())
        prepack(gpt)
        return cls(gpt, tokenizer, segment, sentences)

    def read(
        self,
        question: str,
        passages: Sequence[str],
        *,
        headings: Sequence[str] | None = None,
        history: Sequence[Turn] = (),
        max_quotes: int = 3,
    ) -> Readings:
        """Read every passage for the question.

        Args:
            question: cut to `MAX_QUESTION` tokens (prompt.py).
            passages: any lengths; long ones cost several windows.
            headings: where each passage stands, such as "Staff handbook › Leave"; None: nowhere.
            history: earlier questions with their answers, oldest first; the question may lean on them. A network that
                was trained without headings and history gets neither.
            max_quotes: most quotes of one answer.
        """
        if not self.reads_context:
            headings, history = None, ()
        openings = Openings(self.tokenizer, self.special, question, history)
        before = [openings.before(h) for h in (headings or [""] * len(passages))]
        encodings = self.tokenizer.encode_batch(list(passages))
        asked = _Request(
            self.tokenizer.fold(question),
            passages,
            encodings,
            [WordEdges(self.tokenizer.fold(p), self.segment) for p in passages],
        )
        windows = [w for i, e in enumerate(encodings) for w in windows_over(before[i], e.ids, i, self.special)]
        best: dict[int, _Look] = {}
        with self._lock, torch.inference_mode():
            for passage, look in self._looks(windows, asked, max_quotes):
                if passage not in best or look.reading.evidence > best[passage].reading.evidence:
                    best[passage] = look
            closer = self._closer(before, asked, best)
            for passage, second in self._looks(closer, asked, max_quotes=1):
                best[passage] = self._both(best[passage], second, passage, asked)
        readings = [best[i].reading if i in best else None for i in range(len(passages))]
        steps = sum(len(r.quotes) + 1 for r in readings if r is not None) + len(closer)
        return Readings(readings, sum(len(w.ids) for w in (*windows, *closer)), steps)

    def _looks(self, windows: Sequence[Window], asked: _Request, max_quotes: int) -> Iterator[tuple[int, _Look]]:
        """Read windows, batch after batch; yields the passage and what was seen of it."""
        for part in batches_of(sorted(windows, key=lambda w: len(w.ids))):
            for window, look in zip(part, self._read_batch(part, asked, max_quotes), strict=True):
                yield window.passage, look

    def _closer(self, before: Sequence[Opening], asked: _Request, looks: Mapping[int, _Look]) -> list[Window]:
        """The sentences around each quote that may be right; none around a list of several quotes."""
        windows: list[Window] = []
        lang = language_of(asked.question)
        if self.sentences is None or not SHARE[lang]:
            return windows
        neighbours = NEIGHBOURS[lang]
        for passage, look in looks.items():
            reading, encoding = look.reading, asked.encodings[passage]
            if len(reading.quotes) > 1 or reading.evidence < MIN_EVIDENCE:
                continue
            quote = reading.quotes[0]
            sentences = list(self.sentences(asked.passages[passage]))
            part = part_around((quote.start, quote.end), sentences, neighbours)
            if part is None:
                continue
            starts, ends = [a for a, _ in encoding.offsets], [b for _, b in encoding.offsets]
            first, last = bisect_right(ends, part[0]), bisect_left(starts, part[1])
            if 0 < last - first <= min(MAX_SHARE * len(encoding), MAX_PROMPT - len(before[passage]) - 1):
                windows.append(Window.of(before[passage], encoding.ids, passage, self.special, first, last))
        return windows

    def _both(self, first: _Look, second: _Look, passage: int, asked: _Request) -> _Look:
        """What two looks at a passage say together."""
        candidates = averaged(first.candidates, second.candidates, SHARE[language_of(asked.question)])
        return _Look(candidates, self._best(candidates, passage, asked)[1])

    def _best(self, candidates: Candidates, passage: int, asked: _Request) -> tuple[int, Reading]:
        """Which candidate is worth most, and the reading that quotes it."""
        starts, ends = (torch.tensor([column]) for column in zip(*candidates.places, strict=True))
        log_probabilities = torch.tensor([candidates.log_probabilities])
        expected = expected_overlap(log_probabilities, starts, ends)[0]
        worth = (EXACTNESS * log_probabilities[0].exp() + (1 - EXACTNESS) * expected).tolist()
        edges = [asked.place(passage, *place) for place in candidates.places]
        chosen = best_uncut(worth, edges, asked.words[passage])
        quote = asked.quote(passage, *candidates.places[chosen])
        return chosen, Reading(
            (quote,), candidates.log_probabilities[chosen], candidates.no_answer, float(expected[chosen])
        )

    def _read_batch(self, windows: Sequence[Window], asked: _Request, max_quotes: int) -> list[_Look]:
        ids, segments, allowed, lengths = tensors_of(windows, self.special, self.gpt.config.max_positions)
        b, width = ids.shape
        rows = torch.arange(b)
        cache = TapeCache()
        mask = None if bool((lengths == width).all()) else prefix_mask(lengths, width)
        states = self.gpt(self.gpt.embed(ids, segments), mask=mask, cache=cache)
        memory = states.float()
        pairs = self.head.likeliest_pairs(memory[rows, lengths - 1], memory, allowed, CANDIDATES)
        looks, found = [], []
        for i, w in enumerate(windows):
            shift = w.first - w.body
            likely = [
                ((start + shift, end + shift), p)
                for start, end, p in zip(
                    pairs.starts[i].tolist(), pairs.ends[i].tolist(), pairs.log_probabilities[i].tolist(), strict=True
                )
                if p > NEVER / 2  # a short passage has fewer pairs than were asked for
            ]
            candidates = Candidates(
                [place for place, _ in likely], [p for _, p in likely], float(pairs.instructions[i, -1])
            )
            chosen, reading = self._best(candidates, w.passage, asked)
            looks.append(_Look(candidates, reading))
            first, last = candidates.places[chosen]
            found.append([(first - shift, last - shift)])
        self._further_quotes(found, memory, allowed, lengths, cache, max_quotes, states.dtype)
        return [
            replace(
                look,
                reading=replace(
                    look.reading,
                    quotes=(
                        *look.reading.quotes,
                        *(asked.quote(w.passage, a + w.first - w.body, z + w.first - w.body) for a, z in quotes[1:]),
                    ),
                ),
            )
            for look, w, quotes in zip(looks, windows, found, strict=True)
        ]

    def _further_quotes(
        self,
        found: list[list[tuple[int, int]]],
        memory: Tensor,
        allowed: Tensor,
        lengths: Tensor,
        cache: Cache,
        max_quotes: int,
        dtype: torch.dtype,
    ) -> None:
        """Keep emitting instructions until each sequence stops or repeats itself; extends `found` in place."""
        b, width = allowed.shape
        exists = torch.arange(width)[None] < lengths[:, None]
        free = allowed.clone()
        for step in range(max_quotes - 1):
            for i, quotes in enumerate(found):
                start, end = quotes[-1]
                free[i, start : end + 1] = False  # nothing is quoted twice
            last = torch.tensor([quotes[-1] for quotes in found])
            mask = torch.cat((exists, torch.ones(b, step + 1, dtype=torch.bool)), dim=1)[:, None, None]
            x = self.head.instruction(memory, last[:, :1], last[:, 1:]).to(dtype)
            decision = self.gpt(x, mask=mask, positions=lengths[:, None] + step, cache=cache)[:, 0]
            pairs = self.head.likeliest_pairs(decision.float(), memory, free)
            likelier = pairs.log_probabilities[:, 0] > pairs.instructions[:, -1]
            more = False
            for i, quotes in enumerate(found):
                start, end = int(pairs.starts[i, 0]), int(pairs.ends[i, 0])
                going = len(quotes) == step + 1 and bool(likelier[i]) and bool(free[i, start : end + 1].all())
                if going:
                    quotes.append((start, end))
                more = more or going
            if not more:
                return
