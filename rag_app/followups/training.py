"""Make the gate's weights: `python -m rag_app.followups.training --data DIR`.

DIR holds the question files that are named below (their origins and licences are in the reader's model card).
Dependent questions come from conversations with human rewritings (followup_train, CANARD's first 80 %, TREC CAsT,
`benchmarks/followups/zh_train.jsonl`), and for Chinese also from pairs of questions on one passage, in the second of
which the words that both begin with are dropped or become a pronoun. Independent ones are questions with a history of
other questions, at random and on the same passage, and the conversations' own.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click
import numpy as np

from model.json_lines import read_lines
from model.language import Language
from rag_app.followups.gate import named_signs
from rag_app.followups.made import compound, independent, shortened
from rag_app.followups.rows import Row, part_of, read_rows

_UNCHANGED = 0.992      # of the questions that stand alone pass, after others at random and on their passage
_PARTS = 5              # the threshold is set on questions that were left out of the fit
_STRENGTH = 0.5         # inverse of the L2 penalty
_MOST = 4000            # rows of a file with questions about passages
_MOST_TITLED = 1500     # of a file with articles
_PRONOUN = re.compile(r"\b(its?|they|them|their|he|she|his|her|him|this|that|these|those)\b|[它他她这]|那个|其中")
_STANDING_ALONE = (3, 4)    # places in `training_rows` of the two groups that set the threshold
_ROOT = Path(__file__).parents[2]


def naming_their_title(path: Path, *, seed: int, most: int = _MOST_TITLED) -> list[Row]:
    """Independent questions that name the article they are about; others of such files may lean on their passage."""
    titles = {str(r.get("id", i)): str(r.get("title", "")) for i, r in enumerate(read_lines(path))}
    rows = independent(path, same_passage=False, seed=seed)
    return [r for r in rows if names_title(r.question, titles[r.id])][:most]


def with_pronouns(path: Path) -> list[Row]:
    """Independent questions with a pronoun whose antecedent is in them: "how does Botswana … if it has no coast?"."""
    return [r for r in independent(path, same_passage=True, seed=7) if _PRONOUN.search(r.question)]


def names_title(question: str, title: str) -> bool:
    """Whether a question holds its article's title, or a longer word of it."""
    title = re.sub(r"[（(].*", "", title).replace("_", " ").strip().lower()
    lowered = question.lower()
    return bool(title) and (title in lowered or any(len(w) > 4 and w in lowered for w in title.split()))


def training_rows(data: Path) -> dict[Language, list[tuple[float, list[Row]]]]:
    """Weighted groups of rows for each language, those that set the threshold at the places `_STANDING_ALONE`."""
    written = list(read_rows(data / "followup_train.jsonl.xz"))
    canard = part_of(list(read_rows(data / "canard_dev.rewrite.en.jsonl.xz")), "first")
    return {
        "en": [
            (12, [r for r in written if r.lang == "en"]),
            (1, [r for r in canard if r.lang == "en"]),
            (1, list(read_rows(data / "cast_rewrite.en.jsonl.xz", only_questions=True))),
            (0.7, independent(data / "docqa_train.en.jsonl.xz", same_passage=False, seed=0, most=_MOST)),
            (0.7, independent(data / "docqa_train.en.jsonl.xz", same_passage=True, seed=1, most=_MOST)),
            (2, with_pronouns(data / "docqa_train.en.jsonl.xz")),
            (0.3, compound(data / "docqa_train.en.jsonl.xz", seed=8)),
            (0.6, naming_their_title(data / "squad_train_44articles.en.jsonl.xz", seed=2)),
        ],
        "zh": [
            (12, [r for r in written if r.lang == "zh"]),
            (12, [r for r in read_rows(_ROOT / "benchmarks/followups/zh_train.jsonl") if r.lang == "zh"]),
            (0.1, [r for r, _ in shortened(data / "docqa_train.zh.jsonl.xz", seed=3)]),
            (0.5, independent(data / "docqa_train.zh.jsonl.xz", same_passage=False, seed=4, most=_MOST)),
            (0.5, independent(data / "docqa_train.zh.jsonl.xz", same_passage=True, seed=5, most=_MOST)),
            (4, with_pronouns(data / "docqa_train.zh.jsonl.xz")),
            (0.3, compound(data / "docqa_train.zh.jsonl.xz", seed=8)),
            (1, naming_their_title(data / "cmrc2018_train.zh.jsonl.xz", seed=6)),
        ],
    }


def fit(groups: Sequence[tuple[float, list[Row]]]) -> dict[str, object]:
    """Weights of one language; the threshold lets 99.2 % of both groups that stand alone pass.

    It is set on scores of questions by weights that were fitted without their conversations' part of the rows.
    """
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression

    rows = [r for _, group in groups for r in group]
    signs = DictVectorizer()
    x = signs.fit_transform([named_signs(r.question, r.turns) for r in rows]).tocsr()
    y = np.array([r.dependent for r in rows])
    weight = np.concatenate([np.full(len(group), w) for w, group in groups])
    part = np.array([_part(r) for r in rows])
    scores = np.zeros(len(rows))
    for i in range(_PARTS):
        others = part != i
        model = LogisticRegression(C=_STRENGTH, max_iter=500).fit(x[others], y[others], sample_weight=weight[others])
        scores[~others] = model.predict_proba(x[~others])[:, 1]
    found = list(_each(groups, scores, y))
    threshold = max(float(np.quantile(found[i][0], _UNCHANGED)) for i in _STANDING_ALONE)
    right = [float(np.mean((s > threshold) == d)) for s, d in found]
    click.echo(f"threshold {threshold:.3f}, right in each group: {[round(v, 3) for v in right]}", err=True)
    model = LogisticRegression(C=_STRENGTH, max_iter=500).fit(x, y, sample_weight=weight)
    return {
        "intercept": round(float(model.intercept_[0]), 3),
        "threshold": round(threshold, 3),
        "signs": {str(n): round(float(c), 3) for n, c in zip(signs.feature_names_, model.coef_[0], strict=True)},
    }


def _part(row: Row) -> int:
    """Rows of one conversation are in one part."""
    return zlib.crc32(row.turns[0].question.encode()) % _PARTS


def _each(
    groups: Iterable[tuple[float, list[Row]]], scores: np.ndarray, labels: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Scores and labels of one group after another."""
    start = 0
    for _, group in groups:
        yield scores[start:start + len(group)], labels[start:start + len(group)]
        start += len(group)


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True,
              help="Folder with followup_train.jsonl.xz and the other question files.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=Path(__file__).with_name("gate.json"))
def main(data: Path, out: Path) -> None:
    """Fit the gate's weights and write them."""
    weights = {lang: fit(groups) for lang, groups in training_rows(data).items()}
    out.write_text(json.dumps(weights, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
