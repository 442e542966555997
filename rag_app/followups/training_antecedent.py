"""Make the weights that rank antecedents: `python -m rag_app.followups.training_antecedent --data DIR`.

A candidate is right when a person's rewriting put its words in (CANARD's first 80 % of dialogues, TREC CAsT and
followup_train; DIR holds them).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np

from rag_app.followups.antecedent import Kind, candidates, signs
from rag_app.followups.conversation import Turn
from rag_app.followups.english import tokens
from rag_app.followups.pronouns_en import pronoun_kind
from rag_app.followups.rows import Row, part_of, read_rows

_RIGHT = 0.5        # token F1 of a candidate with the words put in, from which it counts as right
_STRENGTH = 0.3     # inverse of the L2 penalty


def questions_complete(rows: list[Row]) -> Iterator[Row]:
    """Rows whose earlier questions are replaced by people's rewritings of them, as the product completes them first."""
    known = {r.question: r.standalone for r in rows}
    for row in rows:
        turns = tuple(Turn(known.get(t.question, t.question), t.answer) for t in row.turns)
        yield Row(row.id, turns, row.question, row.standalone, row.dependent)


def examples(row: Row) -> tuple[list[dict[str, float]], list[bool]]:
    """Signs and labels of all candidates of a row for its first pronoun, or for the topic where it has none."""
    found = tokens(row.question)
    kind: Kind = "topic"
    after = ""
    for i, t in enumerate(found):
        following = found[i + 1] if i + 1 < len(found) else None
        told, _ = pronoun_kind(t, following, found[i - 1] if i else None)
        if told is not None:
            kind, after = told, following.lower if following is not None else ""
            break
    own = {t.lower for t in found}
    put_in = {t.lower for t in tokens(row.standalone) if t.telling} - own
    offered = candidates(row.turns, kind, beside=row.question)
    labels = []
    for candidate in offered:
        words = {t.lower for t in tokens(candidate.phrase.text) if t.telling} - own
        labels.append(bool(words) and 2 * len(words & put_in) / (len(words) + max(1, len(put_in))) >= _RIGHT)
    return [signs(c, kind, after) for c in offered], labels


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True,
              help="Folder with canard_dev.rewrite.en.jsonl.xz and the other files of rewritings.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False),
              default=Path(__file__).with_name("antecedent.json"))
def main(data: Path, out: Path) -> None:
    """Fit the weights and write them."""
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression

    canard = list(read_rows(data / "canard_dev.rewrite.en.jsonl.xz"))
    held_out = part_of(canard, "last")
    cast = list(read_rows(data / "cast_rewrite.en.jsonl.xz", only_questions=True))
    written = [r for r in read_rows(data / "followup_train.jsonl.xz") if r.lang == "en"]
    x: list[dict[str, float]] = []
    y: list[bool] = []
    weight: list[float] = []
    for rows, times in ((part_of(canard, "first"), 1.0), (cast, 1.0), (written, 8.0)):
        for row in questions_complete(rows):
            offered, right = examples(row) if row.dependent else ([], [])
            if any(right):
                x += offered
                y += right
                weight += [times] * len(right)
    names = DictVectorizer()
    model = LogisticRegression(C=_STRENGTH, max_iter=500).fit(names.fit_transform(x), np.array(y), sample_weight=weight)
    weights = dict(zip(names.feature_names_, model.coef_[0].tolist(), strict=True))
    first = [
        right[int(np.argmax([sum(weights.get(k, 0.0) * v for k, v in s.items()) for s in offered]))]
        for row in questions_complete(held_out) if row.dependent
        for offered, right in [examples(row)] if any(right)
    ]
    click.echo(f"right candidate first in held-out dialogues: {np.mean(first):.3f} of {len(first)}", err=True)
    out.write_text(json.dumps({k: round(v, 3) for k, v in weights.items()}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
