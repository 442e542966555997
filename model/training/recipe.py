"""A training recipe: a TOML file in, checked values out."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from model.text.language import Language


class RecipeError(ValueError):
    """A recipe that cannot be followed: the file, the field and what is expected."""


@dataclass(frozen=True, slots=True)
class FileShare:
    """One data file and how often it appears in an epoch.

    `documents`: its questions stand on whole documents, of which windows are read (document_windows.py).
    """

    file: str
    times: float = 1.0
    documents: bool = False


@dataclass(frozen=True, slots=True)
class TextSource:
    """Where to count characters."""

    file: str
    fields: list[str]
    characters: int | None = None


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """How the vocabulary is made.

    Attributes:
        texts: where characters or pieces are counted.
        trunk: "minilm" is taught Chinese characters by parallel sentences (vocabulary.py), "e5" is cut to the pieces
            that the texts need (e5_vocabulary.py).
        parallel: sentences in both languages; for "minilm".
        least_count: what is seen less often is left out.
        parallel_characters: longest Chinese side of a pair used for alignment.
    """

    texts: list[TextSource]
    trunk: Literal["minilm", "e5"] = "minilm"
    parallel: list[str] = field(default_factory=list)
    least_count: int = 10
    parallel_characters: int = 60

    def __post_init__(self) -> None:
        if self.trunk not in ("minilm", "e5"):
            raise TypeError(f"trunk {self.trunk!r} does not exist: minilm or e5")


@dataclass(frozen=True, slots=True)
class Optimizer:
    """Schedule and AdamW settings: warm up, stay, decay linearly to zero (MiniCPM's WSD, arXiv 2404.06395)."""

    steps: int
    batch_tokens: int = 8192
    learning_rate: float = 2.5e-4
    head_rate: float = 4.0
    weight_decay: float = 0.01
    warm_up: int = 150
    decay_share: float = 0.4
    clip: float = 1.0
    dropout: float = 0.1

    def rate(self, step: int) -> float:
        """Multiplier of the peak learning rate at a step, 0..1."""
        decay_from = self.steps * (1 - self.decay_share)
        if step < self.warm_up:
            return (step + 1) / self.warm_up
        return min(1.0, max(0.0, (self.steps - step) / max(1.0, self.steps - decay_from)))


WITHOUT_FILE = ("shortened",)  # kinds of practice that know their files


@dataclass(frozen=True, slots=True)
class Practice:
    """Questions made by a program: what each kind needs.

    Attributes:
        kind: `cloze` and `tables` from raw text in `lang` (cloze.py, english_cloze.py, tables.py), `parallel` from
            aligned paragraphs (cross_language.py), `labelled` from questions with the sentence that answers them
            (pseudo_labels.py), `shortened` after another question of their passage (conversations.py; without `file`).
        file: where they are made from.
        count: how many at most.
        lang: of a raw text.
        pairs: share of tables that are written as `header: value` rows, as our own loaders write them.
        units: share of Chinese numbers that are asked for with their unit.
    """

    kind: Literal["cloze", "tables", "parallel", "labelled", "shortened"]
    count: int
    file: str = ""
    lang: Language = "zh"
    pairs: float = 0.2
    units: float = 0.5

    def __post_init__(self) -> None:
        if self.kind not in ("cloze", "tables", "parallel", "labelled", *WITHOUT_FILE):
            raise TypeError(f"practice of kind {self.kind!r} does not exist")
        if not self.file and self.kind not in WITHOUT_FILE:
            raise TypeError(f"practice of kind {self.kind!r} needs a file")


@dataclass(frozen=True, slots=True)
class Stage:
    """A mixture used until a share of all steps.

    Five of the last ten are shares of the answerable examples, made from them: questions with a similar wrong
    passage, two questions in one, the answer's sentences deleted, a name exchanged, words of the question in the other
    language (mixture.py, near_misses.py, code_switching.py). `elsewhere` is the share of questions on documents that
    also get a window without the answer, `others` the share of those that get a window of another document, `lists`
    how many times more often those that need several quotes are asked (document_windows.py). `talked` is the share of
    all examples after turns that do not matter (conversations.py); `typed`: questions are written as people type them
    (as_typed.py).
    """

    until: float
    files: list[FileShare]
    practice: list[Practice] = field(default_factory=list)
    negatives: float = 0.0
    several_part: float = 0.0
    without_answer: float = 0.0
    with_other_name: float = 0.0
    switched: float = 0.0
    elsewhere: float = 0.0
    others: float = 0.0
    lists: int = 0
    talked: float = 0.0
    typed: bool = False


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides the weights, besides the data."""

    seed: int
    vocabulary: Vocabulary | None
    held_out: list[str]
    optimizer: Optimizer
    stages: list[Stage]
    max_hours: float = 2.0
    calibration_share: float = 0.04  # contexts kept from training so that confidence can be fitted on them
    after: Recipe | None = None  # whose finished network this one goes on from, instead of a vocabulary
    match_features: bool = False
    share_of_before: float = 0.0  # of the network that it goes on from, in the mean of both that is the result
    translations: list[str] = field(default_factory=list)  # parallel sentences: the word list of `switched`


def load_recipe(path: Path) -> Recipe:
    """Read and check a recipe.

    Raises:
        RecipeError: missing file, bad TOML, unknown or missing field, stages out of order.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RecipeError(f"{path}: no such file") from error
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{path}: {error}") from error
    unknown = set(raw) - {
        "seed",
        "max_hours",
        "calibration_share",
        "after",
        "match_features",
        "vocabulary",
        "held_out",
        "optimizer",
        "stage",
        "translations",
        "share_of_before",
    }
    if unknown:
        raise RecipeError(f"{path}: unknown fields {sorted(unknown)}")
    try:
        stages = [
            section(
                Stage,
                {
                    **s,
                    "files": [section(FileShare, f) for f in s["files"]],
                    "practice": [section(Practice, p) for p in s.get("practice", ())],
                },
            )
            for s in raw["stage"]
        ]
        after = load_recipe(path.parent / raw["after"]) if "after" in raw else None
        words = raw["vocabulary"] if after is None else None
        recipe = Recipe(
            seed=raw["seed"],
            vocabulary=words
            and section(Vocabulary, {**words, "texts": [section(TextSource, t) for t in words["texts"]]}),
            held_out=raw["held_out"]["files"],
            optimizer=section(Optimizer, raw["optimizer"]),
            stages=stages,
            max_hours=raw.get("max_hours", 2.0),
            calibration_share=raw.get("calibration_share", 0.04),
            after=after,
            match_features=raw.get("match_features", False),
            translations=raw.get("translations", []),
            share_of_before=raw.get("share_of_before", 0.0),
        )
    except KeyError as error:
        raise RecipeError(f"{path}: the field {error} is missing") from error
    except TypeError as error:
        raise RecipeError(f"{path}: {error}") from error
    if not 0 <= recipe.share_of_before < 1 or (recipe.share_of_before and after is None):
        raise RecipeError(f"{path}: share_of_before is a share, 0..1, of the network that `after` names")
    ends = [s.until for s in recipe.stages]
    if not ends or ends != sorted(ends) or ends[-1] != 1.0:
        raise RecipeError(f"{path}: stages must end in rising order, the last at 1.0, not {ends}")
    return recipe


def section(kind: type[Any], values: dict[str, Any]) -> Any:
    """One constructor for every section."""
    unknown = set(values) - {f.name for f in fields(kind)}
    if unknown:
        raise TypeError(f"[{kind.__name__.lower()}] has unknown fields {sorted(unknown)}")
    return kind(**values)
