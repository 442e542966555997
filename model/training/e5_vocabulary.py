"""The pieces of multilingual-e5-small that English and Chinese text needs, and the network over them alone.

Of 250,002 XLM-R pieces those are kept that occur in the texts named by the recipe, and all single characters of the
scripts that such texts are written in, so that no ordinary word becomes unknown. Rows and scores stay as they are, so
the network reads what is written in kept pieces exactly as before. One piece is added: the line break, which XLM-R
reads as a space, because lists and records are lines.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice

import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
from torch import Tensor

from model.convert.import_e5 import E5
from model.network.gpt import GPT
from model.network.match_features import classes_of
from model.tokenizer import TextTokenizer

SPECIAL = ("[CLS]", "[PAD]", "[SEP]", "[UNK]")  # in the places of <s>, <pad>, </s>, <unk>
LINE_BREAK = "\u23ce"  # stands for a line break inside the tokenizer
_SPACE = "\u2581"
_SEGMENTS = 4  # question, passage, conversation, heading (model/reader/prompt.py)
_SCRIPTS = ("LATIN", "GREEK", "CYRILLIC", "DIGIT", "CJK", "FULLWIDTH", "IDEOGRAPHIC", "SUPERSCRIPT", "SUBSCRIPT")
_UNLIKELY = -1e3  # score of a special piece, so that "[SEP]" in a text is read as ordinary characters
_BATCH = 256  # texts encoded at once


def tokenizer_of(pieces: Sequence[tuple[str, float]], fold: dict[str, str]) -> TextTokenizer:
    """A tokenizer over pieces with their scores, the first four of them special.

    Args:
        pieces: in the order of their ids.
        fold: traditional to simplified characters.
    """
    tokenizer = Tokenizer(models.Unigram(list(pieces), unk_id=SPECIAL.index("[UNK]"), byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.Replace(Regex(r"\s*\n\s*"), LINE_BREAK),
            normalizers.Replace(Regex(r"\s+"), " "),
            normalizers.Replace(Regex(r"[\u0000-\u001f\u007f\u200b-\u200f\ufeff]"), ""),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(LINE_BREAK, "isolated"),
            pre_tokenizers.Metaspace(prepend_scheme="always"),
        ]
    )
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.Metaspace(prepend_scheme="always"),
            decoders.Replace(LINE_BREAK, "\n"),
        ]
    )
    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in SPECIAL])
    return TextTokenizer(tokenizer, fold)


def full_pieces(e5: E5) -> list[tuple[str, float]]:
    """All pieces, the special ones under our names.

    Raises:
        ValueError: the special pieces are not the first four.
    """
    if (e5.bos, e5.pad, e5.eos, e5.unk) != (0, 1, 2, 3):
        raise ValueError("the special pieces are not the first four")
    return [*((name, _UNLIKELY) for name in SPECIAL), *e5.pieces[len(SPECIAL) :]]


def pieces_in(texts: Iterable[str], tokenizer: TextTokenizer) -> Counter[int]:
    """How often each piece occurs."""
    counts: Counter[int] = Counter()
    running = iter(texts)
    while batch := list(islice(running, _BATCH)):
        for encoding in tokenizer.encode_batch(batch):
            counts.update(encoding.ids)
    return counts


def kept_pieces(e5: E5, counts: Counter[int], least_count: int, fold: dict[str, str]) -> list[int]:
    """Ids of the pieces that the smaller vocabulary keeps, in order."""
    kept = set(range(len(SPECIAL)))
    for index, (text, _) in enumerate(full_pieces(e5)):
        bare = text.removeprefix(_SPACE)
        if bool(counts[index] >= least_count) or (len(bare) <= 1 and _is_needed(bare) and bare not in fold):
            kept.add(index)
    return sorted(kept)


def _is_needed(character: str) -> bool:
    """Whether a single character is kept whether or not it was seen: those of our scripts, and all punctuation."""
    if not character or character.isascii():
        return True
    category = unicodedata.category(character)
    return category[0] in "PSN" or any(s in unicodedata.name(character, "") for s in _SCRIPTS)


def smaller_network(
    e5: E5, kept: Sequence[int], fold: dict[str, str], *, copy_head: bool, match_features: bool, dropout: float = 0.0
) -> tuple[GPT, TextTokenizer]:
    """The network over kept pieces and the line break, with its tokenizer.

    The line break's row starts as the full stop's, and all segments as the one that e5 was trained with.
    """
    every = full_pieces(e5)
    chosen = [every[i] for i in kept]
    tokenizer = tokenizer_of([*chosen, (_SPACE + LINE_BREAK, 0.0)], fold)
    words = e5.state["tokens.weight"]
    stop = words[next(i for i, (text, _) in enumerate(every) if text == ".")]
    rows = torch.cat((words[torch.tensor(list(kept))], stop[None]))
    gpt = GPT(
        replace(
            e5.config,
            vocab_size=len(rows),
            n_segments=_SEGMENTS,
            copy_head=copy_head,
            match_features=match_features,
            dropout=dropout,
        )
    )
    state: dict[str, Tensor] = gpt.state_dict()
    state.update(e5.state)
    state["tokens.weight"] = rows
    state["segments.weight"] = e5.state["segments.weight"][:1].repeat(_SEGMENTS, 1)
    if match_features:
        texts = [*(text for text, _ in chosen), LINE_BREAK]
        state["match_classes"] = classes_of([t.removeprefix(_SPACE) for t in texts], len(SPECIAL))
    gpt.load_state_dict(state)
    return gpt, tokenizer
