"""Questions that programs make, as a recipe asks for them; none over the passages that measure the result."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from model.json_lines import read_lines
from model.reader.grounded import GroundedReader
from model.training.examples import Example, HeldOutText, held_out
from model.training.finished import BEFORE_THIS, finished
from model.training.recipe import Practice, Recipe
from model.training.synthetic.cloze import cloze_questions
from model.training.synthetic.conversations import shortened_questions
from model.training.synthetic.cross_language import cross_language_questions
from model.training.synthetic.english_cloze import english_cloze_questions
from model.training.synthetic.pseudo_labels import labelled_questions
from model.training.synthetic.tables import table_questions


class PracticeMaker:
    """Makes a recipe's practice from a folder of data; what took long is kept in the run's folder."""

    def __init__(self, recipe: Recipe, data: Path, run: Path, say: Callable[[str], None]) -> None:
        """`run` holds the network that the recipe goes on from, which labels questions if the recipe asks for that."""
        self._data, self._run, self._say, self._after = data, run, say, recipe.after
        evaluation = [data / name for name in recipe.held_out]
        self._exclude = held_out(evaluation)
        self._calibration_share = recipe.calibration_share
        self._held_text = HeldOutText(evaluation if any(s.practice for s in recipe.stages) else ())
        asked = [data / f.file for s in recipe.stages for f in s.files] + evaluation
        kinds = {p.kind for s in recipe.stages for p in s.practice}
        self._asked = (
            {_bare(row["question"]) for path in dict.fromkeys(asked) for row in read_lines(path) if row.get("question")}
            if "labelled" in kinds
            else set[str]()
        )

    def make(self, practice: Practice, seed: int) -> list[Example]:
        """One kind's examples, fewer than asked for if the data run out.

        Raises:
            DataError: a file is missing or damaged.
            CheckpointError: the labelling reader cannot be loaded.
        """
        if practice.kind == "shortened":
            made = shortened_questions(self._data, practice.count, seed, self._exclude, self._calibration_share)
        else:
            made = self._from_file(practice, practice.count * 11 // 10, seed)
        return list(islice((e for e in made if not self._held_text.overlaps(e.passage)), practice.count))

    def _from_file(self, practice: Practice, count: int, seed: int) -> list[Example]:
        name = practice.file
        rows = read_lines(self._data / name)
        if practice.kind == "parallel":
            return cross_language_questions(rows, count, seed, name)
        if practice.kind == "labelled":
            fresh = [
                r
                for r in rows
                if _bare(r["question"]) not in self._asked and not self._held_text.overlaps(r["positive"])
            ]
            cache = self._run / f"labels-{Path(name).name.partition('.')[0]}.jsonl"
            return labelled_questions(fresh, count, seed, name, self._labeller, cache, self._say)
        texts = (row["text"] for row in rows)
        if practice.kind == "tables":
            return table_questions(texts, practice.lang, count, seed, name, practice.pairs)
        if practice.lang == "en":
            return english_cloze_questions(texts, count, seed, name)
        return cloze_questions(texts, count, seed, name, practice.units)

    def _labeller(self) -> GroundedReader:
        before = finished(self._after, self._run / BEFORE_THIS) if self._after else None
        if before is None:
            raise ValueError("practice of kind 'labelled' needs a recipe that goes on from another one (`after`)")
        return GroundedReader(*before)


def _bare(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).lower()
