"""Make the gate's weights: `python -m rag_app.followups.training --data DIR`.

DIR holds the question files that are named below (their origins and licences are in the reader's model card).
Dependent questions come from conversations with human rewritings (followup_train, CANARD's first 80 %, TREC CAsT,
`benchmarks/followups/*_train.jsonl`), and for Chinese also from pairs of questions on one passage, in the second of
which the words that both begin with are dropped or become a pronoun. Independent ones are questions with a history of
other questions, at random and on the same passage, those of a search engine, and the conversations' own. Some of the
English ones are repeated without capitals, as many people type.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click
import numpy as np

from model.json_lines import read_lines
from model.language import Language
from rag_app.followups.gate import named_signs
from rag_app.followups.made import compound, independent, shortened
from rag_app.followups.rows import Row, part_of, read_rows

# So many of the questions that stand alone pass, after others at random and on their passage.
_UNCHANGED: Mapping[Language, float] = {"en": 0.995, "zh": 0.992}
_PARTS = 5              # the threshold is set on questions that were left out of the fit
_STRENGTH = 0.3         # inverse of the L2 penalty
_LEAST_SEEN: Mapping[Language, int] = {"en": 5, "zh": 3}    # rows; a sign that is rarer is left out
_MOST = 4000            # rows of a file with questions about passages
_MOST_TITLED = 1500     # of a file with articles
_PRONOUN = re.compile(r"\b(its?|they|them|their|he|she|his|her|him|this|that|these|those)\b|[它他她这]|那个|其中")
_POINTS_BACK = re.compile(
    r"\b(it|its|they|them|their|theirs|he|him|his|she|her|hers|this|that|these|those|there|ones?|others?|else|more|any)\b",
    re.IGNORECASE,
)
_NAME_REACH = 2         # words between the parts of a name in full
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


def from_search_engine(path: Path, *, seed: int) -> list[Row]:
    """Independent questions of Natural Questions in a file that mixes sources: typed without names or capitals."""
    ids = {str(r.get("id", i)) for i, r in enumerate(read_lines(path)) if "naturalquestions" in str(r.get("source"))}
    return [r for r in independent(path, same_passage=False, seed=seed) if r.id in ids]


def lower_cased(rows: Sequence[Row]) -> list[Row]:
    """As people type in a hurry: without capitals and question mark."""
    return [
        replace(r, question=r.question.lower().rstrip("?"), standalone=r.standalone.lower()) for r in rows
    ]


def says_which(row: Row) -> bool:
    """Whether the label of a row of CANARD or CAsT tells whether the question can be searched for as it is.

    People there also give names in full ("Dali" → "Salvador Dali"), which no search needs, and leave questions with a
    pronoun as they are.
    """
    if _POINTS_BACK.search(row.question):
        return row.dependent
    if not row.dependent:
        return True
    asked, whole = set(re.findall(r"\w+", row.question)), re.findall(r"\w+", row.standalone)
    if not {w.lower() for w in asked} <= {w.lower() for w in whole}:
        return True
    return not all(
        word in asked or (word[0].isupper() and any(
            near in asked and near[0].isupper()
            for near in (*whole[max(0, i - _NAME_REACH):i], *whole[i + 1:i + 1 + _NAME_REACH])
        ))
        for i, word in enumerate(whole)
    )


def training_rows(data: Path) -> dict[Language, list[tuple[float, list[Row]]]]:
    """Weighted groups of rows for each language, those that set the threshold at the places `_STANDING_ALONE`."""
    written = [
        list(read_rows(data / "followup_train.jsonl.xz")),
        *(list(read_rows(_ROOT / f"benchmarks/followups/{lang}_train.jsonl")) for lang in ("en", "zh")),
    ]
    english, chinese = ([[r for r in rows if r.lang == lang] for rows in written] for lang in ("en", "zh"))
    canard = [r for r in part_of(list(read_rows(data / "canard_dev.rewrite.en.jsonl.xz")), "first") if says_which(r)]
    cast = [r for r in read_rows(data / "cast_rewrite.en.jsonl.xz", only_questions=True) if says_which(r)]
    same_passage = independent(data / "docqa_train.en.jsonl.xz", same_passage=True, seed=1, most=_MOST)
    return {
        "en": [
            (12, english[0]),
            (1, canard),
            (1, cast),
            (0.7, independent(data / "docqa_train.en.jsonl.xz", same_passage=False, seed=0, most=_MOST)),
            (0.7, same_passage),
            (2, with_pronouns(data / "docqa_train.en.jsonl.xz")),
            (0.3, compound(data / "docqa_train.en.jsonl.xz", seed=8)),
            (0.6, naming_their_title(data / "squad_train_44articles.en.jsonl.xz", seed=2)),
            (0.3, from_search_engine(data / "mrqa_squad_nq_hotpot_train.en.jsonl.xz", seed=3)),
            (5, english[1]),
            (0.2, lower_cased(same_passage[::3])),
            (0.3, lower_cased(canard[::2])),
            (4, lower_cased(english[0])),
        ],
        "zh": [
            (12, chinese[0]),
            (12, chinese[2]),
            (0.1, [r for r, _ in shortened(data / "docqa_train.zh.jsonl.xz", seed=3)]),
            (0.5, independent(data / "docqa_train.zh.jsonl.xz", same_passage=False, seed=4, most=_MOST)),
            (0.5, independent(data / "docqa_train.zh.jsonl.xz", same_passage=True, seed=5, most=_MOST)),
            (4, with_pronouns(data / "docqa_train.zh.jsonl.xz")),
            (0.3, compound(data / "docqa_train.zh.jsonl.xz", seed=8)),
            (1, naming_their_title(data / "cmrc2018_train.zh.jsonl.xz", seed=6)),
        ],
    }


def fit(groups: Sequence[tuple[float, list[Row]]], lang: Language) -> dict[str, object]:
    """Weights of one language; the threshold lets a share (`_UNCHANGED`) of both groups that stand alone pass.

    It is set on scores of questions by weights that were fitted without their conversations' part of the rows.
    """
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression

    rows = [r for _, group in groups for r in group]
    signs = DictVectorizer()
    x = signs.fit_transform([named_signs(r.question, r.turns) for r in rows]).tocsr()
    kept = np.asarray((x != 0).sum(axis=0)).ravel() >= _LEAST_SEEN[lang]
    x, names = x[:, kept], np.asarray(signs.feature_names_)[kept]
    y = np.array([r.dependent for r in rows])
    weight = np.concatenate([np.full(len(group), w) for w, group in groups])
    part = np.array([_part(r) for r in rows])
    scores = np.zeros(len(rows))
    for i in range(_PARTS):
        others = part != i
        model = LogisticRegression(C=_STRENGTH, max_iter=500).fit(x[others], y[others], sample_weight=weight[others])
        scores[~others] = model.predict_proba(x[~others])[:, 1]
    found = list(_each(groups, scores, y))
    threshold = max(float(np.quantile(found[i][0], _UNCHANGED[lang])) for i in _STANDING_ALONE)
    right = [float(np.mean((s > threshold) == d)) for s, d in found]
    click.echo(f"threshold {threshold:.3f}, right in each group: {[round(v, 3) for v in right]}", err=True)
    model = LogisticRegression(C=_STRENGTH, max_iter=500).fit(x, y, sample_weight=weight)
    return {
        "intercept": round(float(model.intercept_[0]), 3),
        "threshold": round(threshold, 3),
        "signs": {str(n): round(float(c), 3) for n, c in zip(names, model.coef_[0], strict=True)},
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
    weights = {lang: fit(groups, lang) for lang, groups in training_rows(data).items()}
    out.write_text(json.dumps(weights, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
