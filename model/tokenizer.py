"""Text to tokens and back to character offsets.

A WordPiece tokenizer (the `tokenizers` library) behind one fold: traditional Chinese characters become simplified
and full-width letters and digits become ordinary ones before the tokenizer sees them. Each fold replaces one
character by one character, so offsets into the folded text are offsets into the original.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

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

    def __init__(self, tokenizer: Tokenizer, han_fold: dict[str, str] | None = None) -> None:
        """`han_fold` maps single characters to single characters (traditional to simplified Chinese)."""
        self.tokenizer = tokenizer
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        self.han_fold = dict(han_fold or {})
        if any(len(a) != 1 or len(b) != 1 for a, b in self.han_fold.items()):
            raise ValueError("a fold must map one character to one character, or offsets would move")
        self._table = str.maketrans(self.han_fold | _WIDTH_FOLD)
        self.cls = self._special("[CLS]")
        self.sep = self._special("[SEP]")
        self.pad = self._special("[PAD]")

    def _special(self, token: str) -> int:
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
        e = self.tokenizer.encode(self.fold(text), add_special_tokens=False)
        return Encoding(e.ids, e.offsets)

    def encode_batch(self, texts: list[str]) -> list[Encoding]:
        """`encode` for many texts, in parallel."""
        found = self.tokenizer.encode_batch([self.fold(t) for t in texts], add_special_tokens=False)
        return [Encoding(e.ids, e.offsets) for e in found]

    def decode(self, ids: list[int]) -> str:
        """Readable text of token ids."""
        return str(self.tokenizer.decode(ids))

    def save(self, folder: Path) -> None:
        """Write `tokenizer.json` and `fold.json`."""
        self.tokenizer.save(str(folder / TOKENIZER_FILE))
        pairs = dict(sorted(self.han_fold.items()))
        (folder / FOLD_FILE).write_text(
            json.dumps({"from": "".join(pairs), "to": "".join(pairs.values())}, ensure_ascii=False) + "\n",
            encoding="utf-8",
        )

    @classmethod
    def load(cls, folder: Path) -> TextTokenizer:
        """Read what `save` wrote; a folder without `fold.json` folds only full-width characters."""
        fold: dict[str, str] = {}
        if (folder / FOLD_FILE).exists():
            stored = json.loads((folder / FOLD_FILE).read_text(encoding="utf-8"))
            fold = dict(zip(stored["from"], stored["to"], strict=True))
        return cls(Tokenizer.from_file(str(folder / TOKENIZER_FILE)), fold)
