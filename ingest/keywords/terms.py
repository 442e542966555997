"""The words by which a passage is found: what goes into the FTS5 index and what is asked of it.

Text is folded (NFKC, lower case, simplified characters); Chinese is segmented by jieba in search mode, which also
yields the words inside long words. Where jieba's dictionary knows nothing better, neighbouring characters are indexed
as pairs, so that an unknown name is found wherever its segmentation falls. SQLite's own `porter unicode61` does the
rest for English. Identifiers (`foo_bar`, `E-1024`, `v2.3.1`) additionally become one token each, see identifiers.py.
"""

import logging
import os
import re
import tempfile
import threading
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import platformdirs

from ingest.keywords.identifiers import MAX_TOKEN, identifiers
from ingest.keywords.stop_words import ASKING_WORDS, STOP_WORDS
from model.text.han import HAN, simplified

KEYWORDS_VERSION = 2  # part of a library's fingerprint: a change of the tokens below needs a new index

_HAN_RUN = re.compile(f"[{HAN}]+")
_WORD = re.compile(f"[^\\W_{HAN}]+")
_MAX_QUERY_TOKENS = 128


def index_text(text: str) -> str:
    """Return the words of `text`, separated by spaces, as the index stores them."""
    return " ".join(_words(_fold(text)))


def index_identifiers(text: str) -> str:
    """Return the identifiers of `text` as single tokens, separated by spaces."""
    return " ".join(identifiers(_fold(text)))


def query_terms(query: str) -> list[str]:
    """Return the distinct words and identifiers of `query`.

    Words that only ask are left out unless the query consists of nothing else.
    """
    folded = _fold(query)
    words = list(dict.fromkeys([*_words(folded), *identifiers(folded)]))
    return ([w for w in words if w not in ASKING_WORDS] or words)[:_MAX_QUERY_TOKENS]


def any_of(terms: Sequence[str]) -> str:
    """Return an FTS5 expression that asks for any of `terms`; each is a quoted string, so none can be syntax."""
    return " OR ".join('"' + term.replace('"', '""') + '"' for term in terms)


def _fold(text: str) -> str:
    return simplified(unicodedata.normalize("NFKC", text).lower())


def _words(folded: str) -> Iterator[str]:
    position = 0
    for run in _HAN_RUN.finditer(folded):
        yield from _plain_words(folded, position, run.start())
        yield from _chinese_words(run.group())
        position = run.end()
    yield from _plain_words(folded, position, len(folded))


def _plain_words(folded: str, start: int, end: int) -> Iterator[str]:
    for match in _WORD.finditer(folded, start, end):
        if match.end() - match.start() <= MAX_TOKEN:
            yield match.group()


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
