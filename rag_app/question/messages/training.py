"""Make the weights of the classifier of messages: `python -m rag_app.question.messages.training --data DIR`.

DIR holds the public question files (model/LOG.md). Which examples teach it is said in kind.py; nothing of an evaluation
file is read.
"""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import click

from model.json_lines import read_lines
from rag_app.question.messages.kind import WEIGHTS_FILE
from rag_app.question.messages.ngrams import ngrams_of

QUESTIONS = tuple(f"qa/{name}_train.{lang}.jsonl.xz" for name in ("private", "docqa") for lang in ("en", "zh"))
EVERY = 12  # of these questions, one in so many
MIN_COUNT = 2  # n-grams seen in fewer messages are left out
STRENGTH = 10.0  # inverse of the regularisation
_CLASSES = {"talk": 1, "about": 2}


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path(__file__).with_name(WEIGHTS_FILE))
def main(data: Path, out: Path) -> None:
    """Fit the weights and write them."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import normalize

    lines = resources.files(__package__).joinpath("examples.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    texts = [r["text"] for r in rows]
    kinds = [_CLASSES.get(r["kind"], 0) for r in rows]
    for name in QUESTIONS:
        asked = [r["question"] for i, r in enumerate(read_lines(data / name)) if i % EVERY == 0]
        texts += asked
        kinds += [0] * len(asked)
    counter = CountVectorizer(analyzer=ngrams_of, min_df=MIN_COUNT, binary=True)
    features = normalize(counter.fit_transform(texts))
    model = LogisticRegression(C=STRENGTH, max_iter=2000, class_weight="balanced").fit(features, kinds)
    against = model.coef_[1:] - model.coef_[0]
    weights = {"": [round(float(b - model.intercept_[0]), 3) for b in model.intercept_[1:]]} | {
        ngram: [round(float(w), 3) for w in against[:, i]] for ngram, i in sorted(counter.vocabulary_.items())
    }
    out.write_text(json.dumps(weights, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    click.echo(f"{len(weights)} weights of {len(texts)} messages written to {out}")


if __name__ == "__main__":
    main()
