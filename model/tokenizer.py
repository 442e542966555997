"""Text to tokens and back to character offsets.

A tokenizer of the `tokenizers` library behind one fold: traditional Chinese characters become simplified and
full-width letters and digits become ordinary ones before the tokenizer sees them. Each fold replaces one character
by one character, so offsets into the folded text are offsets into the original.

Text is data: "[SEP]" or "<|im_end|>" written in a document is read as ordinary characters. Only code that asks for a
special token by name (`special`) gets one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import tokenizers
from tokenizers import Tokenizer

TOKENIZER_FILE = "tokenizer.json"
FOLD_FILE = "fold.json"

# Full-width ASCII letters and digits; punctuation stays, because Chinese text means it.
_WIDTH_FOLD = {
    chr(0xFF00 + c - 0x20): chr(c)
    for c in (*range(ord("0"), ord("9") + 1), *range(ord("A"), ord("Z") + 1), *range(ord("a"), ord("z") + 1))
}


@dataclass(frozen=True, slots=True)
class Encoding:
    """Token ids and, for each, the half-open character span it came from."""

    ids: list[int]
    offsets: list[tuple[int, int]]

    def __len__(self) -> int:
        return len(self.ids)


class TextTokenizer:
    """Tokenizer with exact offsets into the text it was given."""

    def __init__(
        self, tokenizer: Tokenizer, han_fold: dict[str, str] | None = None, *, fold_width: bool = True
    ) -> None:
        """Wrap a tokenizer; its truncation and padding are switched off.

        Args:
            tokenizer: any tokenizer of the `tokenizers` library.
            han_fold: single characters to single characters (traditional to simplified Chinese).
            fold_width: read full-width letters and digits as ordinary ones; imported models learned without.

        Raises:
            ValueError: a fold that would move offsets.
        """
        self.tokenizer = tokenizer
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        self.tokenizer.encode_special_tokens = True  # meaning: special tokens in a text are plain text
        self.han_fold = dict(han_fold or {})
        self.fold_width = fold_width
        if any(len(a) != 1 or len(b) != 1 for a, b in self.han_fold.items()):
            raise ValueError("a fold must map one character to one character, or offsets would move")
        self._table = str.maketrans(self.han_fold | (_WIDTH_FOLD if fold_width else {}))
        # The reader's prompt needs these three; an imported language model may have none of them.
        self.cls: int | None = self.tokenizer.token_to_id("[CLS]")
        self.sep: int | None = self.tokenizer.token_to_id("[SEP]")
        self.pad: int | None = self.tokenizer.token_to_id("[PAD]")

    def special(self, token: str) -> int:
        """Id of a special token.

        Raises:
            ValueError: this tokenizer has none of that name.
        """
        value = self.tokenizer.token_to_id(token)
        if value is None:
            raise ValueError(f"the tokenizer has no {token} token")
        return int(value)

    @property
    def vocab_size(self) -> int:
        """Number of tokens."""
        return int(self.tokenizer.get_vocab_size())

    def fold(self, text: str) -> str:
        """The text the network sees; same length as `text`."""
        return text.translate(self._table)

    def encode(self, text: str) -> Encoding:
        """Tokens without special ones."""
        return _encoding(self.tokenizer.encode(self.fold(text), add_special_tokens=False), text)

    def encode_batch(self, texts: list[str]) -> list[Encoding]:
        """`encode` for many texts, in parallel."""
        found = self.tokenizer.encode_batch([self.fold(t) for t in texts], add_special_tokens=False)
        return [_encoding(e, text) for e, text in zip(found, texts, strict=True)]

    def decode(self, ids: list[int]) -> str:
        """Readable text of token ids."""
        return str(self.tokenizer.decode(ids))

    def save(self, folder: Path) -> None:
        """Write `tokenizer.json` and `fold.json`."""
        self.tokenizer.save(str(folder / TOKENIZER_FILE))
        pairs = dict(sorted(self.han_fold.items()))
        (folder / FOLD_FILE).write_text(
            json.dumps(
                {"from": "".join(pairs), "to": "".join(pairs.values()), "width": self.fold_width}, ensure_ascii=False
            )
            + "\n",
            encoding="utf-8",
        )

    @classmethod
    def load(cls, folder: Path) -> TextTokenizer:
        """Read what `save` wrote; a folder without `fold.json` folds only full-width characters."""
        fold: dict[str, str] = {}
        width = True
        if (folder / FOLD_FILE).exists():
            stored = json.loads((folder / FOLD_FILE).read_text(encoding="utf-8"))
            fold = dict(zip(stored["from"], stored["to"], strict=True))
            width = stored.get("width", True)
        return cls(Tokenizer.from_file(str(folder / TOKENIZER_FILE)), fold, fold_width=width)


def _encoding(found: tokenizers.Encoding, text: str) -> Encoding:
    """Ids and offsets, without the space that SentencePiece counts to the word behind it."""
    return Encoding(found.ids, [_without_space(text, a, b) for a, b in found.offsets])


def _without_space(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    bare = piece.lstrip()
    return (end - len(bare), end) if bare else (start, end)
