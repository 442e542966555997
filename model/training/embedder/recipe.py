"""The recipe of the bilingual embedder: a TOML file in, checked values out."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from model.training.recipe import Optimizer, Recipe, RecipeError, load_recipe, section

Kind = Literal["parallel", "retention", "questions", "documents", "cloze"]
_KINDS = ("parallel", "retention", "questions", "documents", "cloze")


@dataclass(frozen=True, slots=True)
class Task:
    """One kind of batch, always of one file (so that a batch's wrong passages resemble the right one).

    `share` is the part of all tokens in each stage. `count`: rows or documents at most. `negatives`: similar wrong
    passages mined for each question, one of which joins each batch.
    """

    kind: Kind
    file: str
    share: list[float]
    lang: Literal["en", "zh"] = "en"
    count: int = 1 << 30
    negatives: int = 0

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise TypeError(f"there are no tasks of kind {self.kind!r}, only {', '.join(_KINDS)}")


@dataclass(frozen=True, slots=True)
class Weights:
    """What the parts of the loss count (loss.py)."""

    distance: float = 10.0
    retention: float = 30.0
    scale: float = 20.0  # similarities are multiplied by this before the softmax
    embeddings_rate: float = 3.0  # word embeddings learn this many times faster than the layers


@dataclass(frozen=True, slots=True)
class EmbedderRecipe:
    """Everything that decides the embedder's weights, besides the data."""

    seed: int
    vocabulary: Recipe | None  # whose vocabulary and warm start are used, unless `after` is given
    held_out: list[str]
    optimizer: Optimizer
    tasks: list[Task]
    stages: list[float]  # share of all steps at which each stage ends
    weights: Weights = field(default_factory=Weights)
    longest: int = 384  # tokens of a text that the finished embedder reads
    queue: int = 2048  # passages of earlier batches that serve as further wrong ones
    max_hours: float = 3.0
    calibration_share: float = 0.04
    after: EmbedderRecipe | None = None  # whose finished network this one goes on from
    share_of_before: float = 0.0  # of the network that it goes on from, in the mean of both that is the result
    share_of_minilm: float = 0.0  # of MiniLM's layers and words, in the mean with those that is the result


def load_embedder_recipe(path: Path) -> EmbedderRecipe:
    """Read and check a recipe.

    Raises:
        RecipeError: missing file, bad TOML, unknown or missing field, shares that do not fit the stages.
    """
    try:
        raw: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RecipeError(f"{path}: no such file") from error
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{path}: {error}") from error
    try:
        values = {
            **raw,
            "vocabulary": load_recipe(path.parent / raw["vocabulary"]) if "vocabulary" in raw else None,
            "after": load_embedder_recipe(path.parent / raw["after"]) if "after" in raw else None,
            "held_out": raw["held_out"]["files"],
            "optimizer": section(Optimizer, raw["optimizer"]),
            "weights": section(Weights, raw.get("weights", {})),
            "tasks": [section(Task, t) for t in raw["task"]],
        }
        values.pop("task")
        recipe: EmbedderRecipe = section(EmbedderRecipe, values)
    except KeyError as error:
        raise RecipeError(f"{path}: the field {error} is missing") from error
    except TypeError as error:
        raise RecipeError(f"{path}: {error}") from error
    if (recipe.after is None) == (recipe.vocabulary is None):
        raise RecipeError(f"{path}: needs `vocabulary`, to begin with MiniLM, or `after`, a recipe to go on from")
    if not 0 <= recipe.share_of_before < 1 or (recipe.share_of_before and recipe.after is None):
        raise RecipeError(f"{path}: share_of_before is a share, 0..1, of the network that `after` names")
    if not 0 <= recipe.share_of_minilm < 1:
        raise RecipeError(f"{path}: share_of_minilm is a share, 0..1")
    if not recipe.stages or recipe.stages != sorted(recipe.stages) or recipe.stages[-1] != 1.0:
        raise RecipeError(f"{path}: stages must end in rising order, the last at 1.0, not {recipe.stages}")
    for task in recipe.tasks:
        if len(task.share) != len(recipe.stages):
            raise RecipeError(f"{path}: {task.file} needs one share for each of the {len(recipe.stages)} stages")
    return recipe
