"""A training recipe: a TOML file in, checked values out."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any


class RecipeError(ValueError):
    """A recipe that cannot be followed: the file, the field and what is expected."""


@dataclass(frozen=True, slots=True)
class FileShare:
    """One data file and how often it appears in an epoch."""

    file: str
    times: float = 1.0


@dataclass(frozen=True, slots=True)
class TextSource:
    """Where to count characters."""

    file: str
    fields: list[str]
    characters: int | None = None


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """How the vocabulary is extended; see vocabulary.py."""

    texts: list[TextSource]
    parallel: list[str]
    least_count: int = 10
    parallel_characters: int = 60


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


@dataclass(frozen=True, slots=True)
class Stage:
    """A mixture used until a share of all steps."""

    until: float
    files: list[FileShare]
    negatives: float = 0.0
    several_part: float = 0.0


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides the weights, besides the data."""

    seed: int
    vocabulary: Vocabulary
    held_out: list[str]
    optimizer: Optimizer
    stages: list[Stage]
    max_hours: float = 2.0
    calibration_share: float = 0.04     # contexts kept from training so that confidence can be fitted on them


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
    unknown = set(raw) - {"seed", "max_hours", "calibration_share", "vocabulary", "held_out", "optimizer", "stage"}
    if unknown:
        raise RecipeError(f"{path}: unknown fields {sorted(unknown)}")
    try:
        stages = [
            _make(Stage, {**s, "files": [_make(FileShare, f) for f in s["files"]]}) for s in raw["stage"]
        ]
        words = raw["vocabulary"]
        recipe = Recipe(
            seed=raw["seed"],
            vocabulary=_make(Vocabulary, {**words, "texts": [_make(TextSource, t) for t in words["texts"]]}),
            held_out=raw["held_out"]["files"],
            optimizer=_make(Optimizer, raw["optimizer"]),
            stages=stages,
            max_hours=raw.get("max_hours", 2.0),
            calibration_share=raw.get("calibration_share", 0.04),
        )
    except KeyError as error:
        raise RecipeError(f"{path}: the field {error} is missing") from error
    except TypeError as error:
        raise RecipeError(f"{path}: {error}") from error
    ends = [s.until for s in recipe.stages]
    if not ends or ends != sorted(ends) or ends[-1] != 1.0:
        raise RecipeError(f"{path}: stages must end in rising order, the last at 1.0, not {ends}")
    return recipe


def _make(kind: type[Any], values: dict[str, Any]) -> Any:
    """One constructor for every section."""
    unknown = set(values) - {f.name for f in fields(kind)}
    if unknown:
        raise TypeError(f"[{kind.__name__.lower()}] has unknown fields {sorted(unknown)}")
    return kind(**values)
