"""Masked words: beside the questions, the network learns the languages themselves from raw text.

A question teaches one place of a passage, a masked text dozens; Chinese, whose characters joined MiniLM's vocabulary
late, has seen far too little text. Words of a piece of text are hidden and guessed from the rest (BERT, arXiv
1810.04805), Chinese characters in runs, because one character of a word gives the other away (SpanBERT, arXiv
1907.10529). The head that guesses is thrown away after the training.

Shapes: B pieces, N hidden tokens of all of them, C channels, W words that compete.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from model.gpt import GPT
from model.language import Language
from model.tokenizer import TextTokenizer
from model.training.vocabulary import is_chinese

PIECE = 192                             # tokens of a prompt, special ones included
_TEXT = PIECE - 3                       # of text: [CLS] beginning [SEP] text [SEP]
_CHARACTERS: dict[Language, int] = {"en": 1000, "zh": 240}     # nearly always hold `_TEXT` tokens
_HIDDEN = 0.18                          # of the tokens that may be hidden
_RUNS = ((1, 0.4), (2, 0.3), (3, 0.2), (4, 0.1))               # Chinese characters hidden in a row, and how often
_MASKED, _CHANGED = 0.8, 0.9            # of the hidden tokens: masked; until here: exchanged; the rest stays (BERT)
_BEGINNING = (8, 40)                    # tokens of a beginning that takes the question's place, in half of the pieces
_NOT_GUESSED = -1


@dataclass(frozen=True, slots=True)
class MaskedBatch:
    """B prompts with hidden words; `places` (N,) index the B * `PIECE` tokens, `targets` (N,) are their ids."""

    ids: Tensor
    segments: Tensor
    places: Tensor
    targets: Tensor


class WordHead(nn.Module):
    """Hidden states to scores of words, by the network's own word embeddings."""

    def __init__(self, width: int, vocabulary: int) -> None:
        super().__init__()
        self.dense = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.bias = nn.Parameter(torch.zeros(vocabulary))

    def forward(self, states: Tensor, words: Tensor, competing: Tensor) -> Tensor:
        """(N, C) states, the (vocabulary, C) embeddings, (W,) ids -> (N, W)."""
        asked = self.norm(F.gelu(self.dense(states)))
        return F.linear(asked, words[competing], self.bias[competing])


def pieces_of(
    texts: Iterable[str], lang: Language, count: int, seed: int, tokenizer: TextTokenizer,
    overlaps: Callable[[str], bool],
) -> NDArray[np.int32]:
    """Pieces of raw text as token ids, (pieces, `PIECE` - 3); fewer than `count` if the text runs out.

    Args:
        texts: documents.
        lang: of the documents.
        count: how many pieces at most.
        seed: chooses them among all.
        tokenizer: of the network.
        overlaps: tells text that belongs to an evaluation passage.
    """
    wanted = _CHARACTERS[lang]
    cut = [text[i:i + wanted] for text in texts for i in range(0, len(text) - wanted + 1, wanted)]
    random.Random(seed).shuffle(cut)
    rows: list[list[int]] = []
    for some in _batches(cut, 1000):
        encodings = tokenizer.encode_batch([piece for piece in some if not overlaps(piece)])
        rows += [e.ids[:_TEXT] for e in encodings if len(e) >= _TEXT]
        if len(rows) >= count:
            break
    return np.asarray(rows[:count], dtype=np.int32).reshape(-1, _TEXT)


def _batches(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for i in range(0, len(items), size):
        yield items[i:i + size]


class MaskedWords:
    """Hides words of pieces of text; the same words for the same random numbers."""

    def __init__(self, pieces: NDArray[np.int32], tokenizer: TextTokenizer) -> None:
        """`pieces` as `pieces_of` gives them, of any languages.

        Raises:
            ValueError: the tokenizer lacks [CLS], [SEP] or [MASK], or there is no piece.
        """
        if not len(pieces):
            raise ValueError("no piece of text is long enough to hide words in: name more text")
        self._pieces = pieces
        self._cls, self._sep, self._mask = (tokenizer.special(name) for name in ("[CLS]", "[SEP]", "[MASK]"))
        vocabulary = tokenizer.tokenizer.get_vocab()
        self._continues = np.zeros(tokenizer.vocab_size, dtype=bool)
        self._chinese = np.zeros(tokenizer.vocab_size, dtype=bool)
        for token, number in vocabulary.items():
            self._continues[number] = token.startswith("##")
            self._chinese[number] = len(token) == 1 and is_chinese(token)
        self._always = np.flatnonzero(self._chinese)

    def batch(self, rng: random.Random, tokens: int) -> MaskedBatch:
        """About so many tokens of pieces at random."""
        b = max(1, tokens // PIECE)
        ids = np.empty((b, PIECE), dtype=np.int64)
        segments = np.zeros((b, PIECE), dtype=np.int64)
        targets = np.full((b, PIECE), _NOT_GUESSED, dtype=np.int64)
        for row in range(b):
            text = self._pieces[rng.randrange(len(self._pieces))]
            beginning = rng.randint(*_BEGINNING) if rng.random() < 0.5 else 0
            body = beginning + 2
            ids[row] = (self._cls, *text[:beginning], self._sep, *text[beginning:], self._sep)
            segments[row, body:] = 1
            # Only behind the beginning: masks on both sides would be shared words to the match features.
            for place in self._hidden(text[beginning:], rng):
                self._hide(ids[row], targets[row], place + body, rng)
        places = np.flatnonzero(targets.reshape(-1) != _NOT_GUESSED)
        return MaskedBatch(
            torch.from_numpy(ids), torch.from_numpy(segments), torch.from_numpy(places),
            torch.from_numpy(targets.reshape(-1)[places]),
        )

    def competing(self, batch: MaskedBatch) -> Tensor:
        """Ids of the words that compete, rising: all Chinese characters and the batch's own; all would cost more."""
        return torch.from_numpy(np.union1d(np.union1d(batch.targets.numpy(), batch.ids.numpy()), self._always))

    def _hidden(self, text: NDArray[np.int32], rng: random.Random) -> set[int]:
        """Places of whole English words and of runs of Chinese characters."""
        begins = np.flatnonzero(~self._continues[text]).tolist()
        wanted = round(_HIDDEN * len(text))
        hidden: set[int] = set()
        for _ in range(4 * wanted):         # bounded: a text of one long word has nothing more to hide
            if len(hidden) >= wanted or not begins:
                break
            at = rng.choice(begins)
            lengths, weights = zip(*_RUNS, strict=True)
            length = rng.choices(lengths, weights)[0] if self._chinese[text[at]] else 1
            end = at
            while end < len(text) and (end == at or self._continues[text[end]] or (
                end - at < length and self._chinese[text[end]]
            )):
                end += 1
            hidden.update(range(at, end))
        return hidden

    def _hide(self, ids: NDArray[np.int64], targets: NDArray[np.int64], place: int, rng: random.Random) -> None:
        targets[place] = ids[place]
        luck = rng.random()
        if luck < _MASKED:
            ids[place] = self._mask
        elif luck < _CHANGED:
            ids[place] = int(rng.choice(self._always)) if len(self._always) else self._mask


def masked_loss(gpt: GPT, head: WordHead, batch: MaskedBatch, competing: Tensor) -> Tensor:
    """Mean over hidden words of -log P(word | text), among the competing words (ids, rising)."""
    states = gpt(gpt.embed(batch.ids, batch.segments))                              # (B, L, C)
    scores = head(states.flatten(0, 1)[batch.places], gpt.tokens.weight, competing)
    return F.cross_entropy(scores.float(), torch.searchsorted(competing, batch.targets))
