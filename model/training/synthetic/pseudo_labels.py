"""People's questions of which only the answering sentence is known: an earlier reader finds the answer in it.

Inside one sentence a reader is right far more often than in a passage, so what it is sure of there is worth learning
where it is harder: between the sentences that are most like it (self-training, arXiv 1911.04252).
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from model.reader.grounded import GroundedReader
from model.training.examples import Example
from model.training.synthetic.similar_passages import SimilarPassages

SURE = 0.6  # F1 that the reader must expect of its quote
NEIGHBOURS = 5  # at most as many other sentences around the right one
_TOKENIZED = (
    (re.compile(r" ([.,;:?!%)\]]|n't\b|'\w+\b)"), r"\1"),
    (re.compile(r"([(\[$#]) "), r"\1"),
    (re.compile(r"`` | ''|``|''"), '"'),
    (re.compile(r" -lrb- ", re.IGNORECASE), " ("),
    (re.compile(r" -rrb-", re.IGNORECASE), ")"),
)


def untokenized(text: str) -> str:
    """Text as people write it, from words that a tokenizer put spaces between."""
    for pattern, replacement in _TOKENIZED:
        text = pattern.sub(replacement, text)
    return text.strip()


def labelled_questions(
    rows: Sequence[Mapping[str, str]],
    count: int,
    seed: int,
    source: str,
    reader: Callable[[], GroundedReader],
    cache: Path,
    say: Callable[[str], None],
) -> list[Example]:
    """Questions over a few similar sentences, one of which answers; the same for the same rows, reader and seed.

    Args:
        rows: `question` and `positive`, the sentence that answers it, in English.
        count: how many at most.
        seed: chooses and orders the sentences.
        source: stored as the examples' source.
        reader: loads the labelling reader; not called if all labels are in the cache.
        cache: JSON lines file of labels that are known already; extended.
        say: receives progress lines.
    """
    labels = _labels(rows, reader, cache, say)
    rng = random.Random(seed)
    pool = sorted({untokenized(r["positive"]) for r in rows})
    chosen = [
        (untokenized(r["question"]), untokenized(r["positive"]), labels[_key(r)]) for r in rows if labels[_key(r)]
    ]
    rng.shuffle(chosen)
    similar = SimilarPassages(pool, "en").rank([question for question, _, _ in chosen[:count]], NEIGHBOURS + 4)
    made = []
    for (question, sentence, quote), others in zip(chosen, similar, strict=False):
        answer = quote.casefold()
        around = [o for o in others if o != sentence and answer not in o.casefold()][: rng.randint(2, NEIGHBOURS)]
        place = rng.randint(0, len(around))
        parts = [*around[:place], sentence, *around[place:]]
        start = sum(len(p) + 1 for p in parts[:place]) + sentence.index(quote)
        made.append(Example(question, " ".join(parts), ((start, start + len(quote)),), "en", source))
    return made


def _key(row: Mapping[str, str]) -> str:
    return f"{row['question']}\n{row['positive']}"


def _labels(
    rows: Sequence[Mapping[str, str]], reader: Callable[[], GroundedReader], cache: Path, say: Callable[[str], None]
) -> dict[str, str]:
    """Question and sentence to the quote that answers, empty where the reader is not sure."""
    known: dict[str, str] = {}
    if cache.exists():
        with cache.open(encoding="utf-8") as lines:
            known.update(json.loads(line) for line in lines)
    missing = [r for r in rows if _key(r) not in known]
    if not missing:
        return known
    labeller = reader()
    with cache.open("a", encoding="utf-8") as lines:
        for n, row in enumerate(missing):
            sentence = untokenized(row["positive"])
            reading = labeller.read(untokenized(row["question"]), [sentence], max_quotes=1).readings[0]
            sure = reading is not None and reading.expected_overlap >= SURE and reading.evidence > 0
            known[_key(row)] = reading.quotes[0].text if reading is not None and sure else ""
            lines.write(json.dumps([_key(row), known[_key(row)]], ensure_ascii=False) + "\n")
            if n % 2000 == 0:
                say(f"labelling questions: {n} of {len(missing)}")
    return known
