"""The words by which a passage is found: what goes into the FTS5 index and what is asked of it.

Text is folded (NFKC, lower case); Chinese is segmented by jieba in search mode, which also yields the words inside
long words. Where jieba's dictionary knows nothing better, neighbouring characters are indexed as pairs, so that an
unknown name is found wherever its segmentation falls. SQLite's own `porter unicode61` does the rest for English.
Identifiers (`foo_bar`, `E-1024`, `v2.3.1`) additionally become one token each.
"""

import logging
import os
import re
import tempfile
import threading
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import platformdirs

from ingest.stop_words import STOP_WORDS

KEYWORDS_VERSION = 1  # part of a library's fingerprint: a change of the tokens below needs a new index

# SQLite's unicode61 takes private-use characters for letters, so this one can stand for `_ - .` within a token.
_JOINER = "\ue000"
_HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_HAN_RUN = re.compile(f"[{_HAN}]+")
_WORD = re.compile(f"[^\\W_{_HAN}]+")
# The look-behind and the possessive quantifiers keep a long run of letters linear.
_IDENTIFIER = re.compile(
    f"(?<![^\\W_{_HAN}])(?:[^\\W_{_HAN}]++(?:[-_./:@][^\\W_{_HAN}]++)+|[a-z][a-z0-9]*+(?:\\+\\+|#)(?!\\w))"
)
_NOT_WORD = re.compile(r"[\W_]")
_LONGEST_TOKEN = 100  # characters; what is longer is no word (base64, a line of code without a space)
_MOST_QUERY_TOKENS = 128


def index_text(text: str) -> str:
    """Return the words of `text`, separated by spaces, as the index stores them."""
    return " ".join(_words(_fold(text)))


def index_identifiers(text: str) -> str:
    """Return the identifiers of `text` as single tokens, separated by spaces."""
    return " ".join(_identifiers(_fold(text)))


def match_expression(query: str) -> str:
    """Return an FTS5 expression that asks for any word of `query`, or "" when it has none.

    Each word is a quoted string, so nothing in a query can be FTS5 syntax. Function words are left out unless the
    query consists of nothing else.
    """
    folded = _fold(query)
    words = list(dict.fromkeys([*_words(folded), *_identifiers(folded)]))
    telling = [w for w in words if w not in STOP_WORDS]
    return " OR ".join('"' + word.replace('"', '""') + '"' for word in (telling or words)[:_MOST_QUERY_TOKENS])


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower()


def _words(folded: str) -> Iterator[str]:
    position = 0
    for run in _HAN_RUN.finditer(folded):
        yield from _plain_words(folded, position, run.start())
        yield from _chinese_words(run.group())
        position = run.end()
    yield from _plain_words(folded, position, len(folded))


def _plain_words(folded: str, start: int, end: int) -> Iterator[str]:
    for match in _WORD.finditer(folded, start, end):
        if match.end() - match.start() <= _LONGEST_TOKEN:
            yield match.group()


def _identifiers(folded: str) -> Iterator[str]:
    for match in _IDENTIFIER.finditer(folded):
        if match.end() - match.start() <= _LONGEST_TOKEN:
            yield _NOT_WORD.sub(_JOINER, match.group())


def _chinese_words(run: str) -> Iterator[str]:
    """Yield the words of a run of Chinese characters, and pairs where the dictionary knows no word."""
    known = segmenter()
    single = ""  # the character before, if it stands alone
    for word in known.cut_for_search(run):
        yield word
        if len(word) == 1:
            if single and word not in STOP_WORDS:
                yield single + word
            single = "" if word in STOP_WORDS else word
            continue
        single = ""
        if len(word) > 2 and word not in known.FREQ:
            yield from (left + right for left, right in pairwise(word))


_loading = threading.Lock()


def segmenter() -> Any:
    """Jieba with the dictionary of this process, loaded once; its cache file lies in a folder of the user's own."""
    with _loading:
        return _load_segmenter()


@cache
def _load_segmenter() -> Any:
    """Load jieba's dictionary once (about a second, less from its cache)."""
    import jieba

    jieba.setLogLevel(logging.CRITICAL)
    segmenter = jieba.Tokenizer()
    # jieba unmarshals its cache file; in a shared temporary folder anyone could have written that.
    segmenter.tmp_dir = _private_folder()
    segmenter.initialize()
    return segmenter


def _private_folder() -> str:
    folder = Path(platformdirs.user_cache_dir("quoted-rag")) / "jieba"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return tempfile.mkdtemp(prefix="quoted-rag-")
    return str(folder) if os.access(folder, os.W_OK) else tempfile.mkdtemp(prefix="quoted-rag-")
