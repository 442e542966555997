"""Teach an English WordPiece vocabulary Chinese: find the characters, give each a meaningful first embedding.

A new character's row starts as the mean of the English rows it is translated by, weighted by IBM Model 1
alignment probabilities from parallel sentences (the idea of RAMEN, arXiv 2002.07306). The layers above, which know only
English, then read Chinese as a rough word-by-word translation instead of as noise.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from model.tokenizer import TextTokenizer

# CJK punctuation and ideographs; BERT's pre-tokenizer makes each ideograph a word of its own.
_RANGES = ((0x3001, 0x301F), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xFF01, 0xFF65))


def is_chinese(character: str) -> bool:
    """Whether a character belongs to Chinese text: ideographs and CJK punctuation."""
    point = ord(character)
    return any(low <= point <= high for low, high in _RANGES)


def han_fold() -> dict[str, str]:
    """Traditional to simplified, one character to one character, from OpenCC's tables (extra `train`).

    Raises:
        ModuleNotFoundError: opencc is not installed.
    """
    from opencc import OpenCC

    convert = OpenCC("t2s").convert
    pairs = ((chr(p), convert(chr(p))) for p in range(0x3400, 0xA000))
    return {a: b for a, b in pairs if a != b and len(b) == 1}


def count_characters(texts: Iterable[str], fold: dict[str, str]) -> Counter[str]:
    """How often each Chinese character occurs, after folding."""
    table = str.maketrans(fold)
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(text.translate(table))
    return Counter({c: n for c, n in counts.items() if is_chinese(c)})


def extend_tokenizer(base: Tokenizer, characters: Sequence[str], fold: dict[str, str]) -> TextTokenizer:
    """A tokenizer with one more token per character that `base` does not have; new ids follow the old ones."""
    state = json.loads(base.to_str())
    vocabulary: dict[str, int] = state["model"]["vocab"]
    for character in characters:
        if character not in vocabulary:
            vocabulary[character] = len(vocabulary)
    return TextTokenizer(Tokenizer.from_str(json.dumps(state)), fold)


def align(
    pairs: Sequence[tuple[Sequence[int], Sequence[int]]], rounds: int = 6
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """IBM Model 1 (Brown et al. 1993) by expectation maximisation.

    Args:
        pairs: aligned sentences as (source token ids, target token ids).
        rounds: EM iterations.

    Returns:
        source id, target id and expected number of alignments, one entry for each pair of tokens that met.
    """
    sources, targets, sentence_target = [], [], []
    counter = 0
    for source, target in pairs:
        s, t = np.unique(source), np.asarray(target)
        sources.append(np.repeat(s, len(t)))
        targets.append(np.tile(t, len(s)))
        sentence_target.append(np.tile(np.arange(counter, counter + len(t)), len(s)))
        counter += len(t)
    met, meets, place = (np.concatenate(x).astype(np.int64) for x in (sources, targets, sentence_target))
    width = int(meets.max()) + 1
    keys, link = np.unique(met * width + meets, return_inverse=True)
    key_source = keys // width
    probability: NDArray[np.float64] = np.ones(len(keys))
    expected = probability
    for _ in range(rounds):
        weight = probability[link]
        weight = weight / np.bincount(place, weight, counter)[place]  # who explains this target token
        expected = np.bincount(link, weight, len(keys)).astype(np.float64)
        probability = expected / np.bincount(key_source, expected)[key_source]
    return key_source, keys % width, expected


def translated_rows(
    embedding: Tensor,
    size: int,
    characters: Sequence[int],
    alignment: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]],
    *,
    least: float = 3.0,
    noise: float = 0.25,
    seed: int = 0,
) -> Tensor:
    """Embedding matrix (size, C) in which the rows of Chinese characters mean what their translations mean.

    Such a row is the mean of the old rows that it is aligned with, weighted by the expected number of alignments
    and by how much more often than chance they meet (else every rare character would mean "the"), stretched
    back to a typical row's spread (a mean of vectors is short), plus a little noise so that two characters
    never start equal. A character aligned fewer than `least` times keeps its old row or, if new, starts at the old
    rows' mean and spread.

    Args:
        embedding: (old size, C) the old matrix.
        size: new vocabulary size.
        characters: token ids of the Chinese characters, old or new.
        alignment: what `align` returned, source = Chinese.
        least: expected alignments below which a character counts as unknown.
        noise: spread of the noise, as a share of the old rows' spread.
        seed: of the noise.
    """
    old_size, width = embedding.shape
    generator = torch.Generator().manual_seed(seed)
    centre, spread = embedding.mean(0), embedding.std(0)
    random = torch.randn(size, width, generator=generator) * spread
    rows = torch.cat((embedding, centre + random[old_size:]))

    source, target, expected = alignment
    chosen = np.isin(source, np.asarray(characters)) & (target < old_size) & ~np.isin(target, np.asarray(characters))
    source, target, expected = source[chosen], target[chosen], expected[chosen]
    mass_source = np.bincount(source, expected, size)
    mass_target = np.bincount(target, expected, size)
    lift = expected * expected.sum() / (mass_source[source] * mass_target[target] + 1e-9)
    weight = torch.from_numpy(expected * np.maximum(np.log(lift + 1e-9), 0.0)).float()

    total = torch.zeros(size).index_add_(0, torch.from_numpy(source), weight)
    mean = torch.zeros(size, width)
    step = 1 << 16  # bounds the memory of the gathered rows
    for i in range(0, len(source), step):
        s, t = torch.from_numpy(source[i : i + step]), torch.from_numpy(target[i : i + step])
        mean.index_add_(0, s, weight[i : i + step, None] * (embedding[t] - centre))
    mean /= total.clamp_min(1e-9)[:, None]
    typical = (embedding - centre).norm(dim=1).median()
    meant = centre + mean * (typical / mean.norm(dim=1, keepdim=True).clamp_min(1e-6)) + noise * random
    known = (torch.from_numpy(mass_source) >= least) & (total > 0)
    return torch.where(known[:, None], meant, rows)
