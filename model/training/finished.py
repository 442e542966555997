"""What a finished training run gives: its last network, or the mean of that and of the network it went on from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch
from tokenizers import Tokenizer

from model.checkpoint import load_checkpoint
from model.convert.import_bert import import_bert, minilm_folder
from model.network.gpt import GPT
from model.tokenizer import TextTokenizer
from model.training.embedder.recipe import EmbedderRecipe
from model.training.recipe import Recipe
from model.training.run_folder import last_checkpoint, steps_of
from model.training.vocabulary import is_chinese

BEFORE_THIS = "before_this"  # where a run keeps the network that it goes on from
WORDS = "tokens.weight"
_R = TypeVar("_R", Recipe, EmbedderRecipe)


def finished(recipe: Recipe | EmbedderRecipe, run: Path) -> tuple[GPT, TextTokenizer] | None:
    """The result of a recipe's run, or `None` if its last step has not been reached.

    Raises:
        CheckpointError: a checkpoint of the run cannot be loaded.
        ValueError: the result is a mean with the network before, which is no longer in the run's folder.
    """
    done = last_checkpoint(run)
    if done is None or steps_of(done) < recipe.optimizer.steps:
        return None
    gpt, tokenizer = load_checkpoint(done)
    if recipe.share_of_before and recipe.after is not None:
        before = finished(recipe.after, run / BEFORE_THIS)
        if before is None:
            raise ValueError(f"{run / BEFORE_THIS} does not hold the finished network that {run} went on from")
        gpt = averaged(before[0], gpt, recipe.share_of_before)
    if isinstance(recipe, EmbedderRecipe):
        gpt = averaged_with_minilm(gpt, tokenizer, recipe.share_of_minilm)
    return gpt, tokenizer


def network_before(
    train: Callable[[_R, Path, Path, Callable[[str], None]], tuple[GPT, TextTokenizer, bool]],
    recipe: _R,
    data: Path,
    run: Path,
    say: Callable[[str], None],
) -> tuple[GPT, TextTokenizer]:
    """The network that a run in `run` goes on from, trained by `train` in `before_this` unless that is done.

    Raises:
        KeyboardInterrupt: its training was interrupted; the same command resumes it.
    """
    say("first the recipe that this one goes on from")
    gpt, tokenizer, complete = train(recipe, data, run / BEFORE_THIS, say)
    if not complete:
        raise KeyboardInterrupt
    return gpt, tokenizer


def averaged(before: GPT, after: GPT, share_of_before: float) -> GPT:
    """`after` with weights between those of two networks of one shape, the second of which goes on from the first.

    What the further training taught is kept, and what it forgot comes back: the mean is better than either
    (WiSE-FT, arXiv 2109.01903).
    """
    old = before.state_dict()
    after.load_state_dict(
        {
            name: torch.lerp(weight, old[name], share_of_before) if name in old else weight
            for name, weight in after.state_dict().items()
        }
    )
    return after


def averaged_with_minilm(gpt: GPT, tokenizer: TextTokenizer, share: float) -> GPT:
    """`gpt`, which was once MiniLM, with weights part of the way back; words that MiniLM does not know stay.

    Chinese is learned at places of the space that MiniLM gave to English, so it bears the way back, and English that
    was not trained on gains from it (WiSE-FT, arXiv 2109.01903).
    """
    if not share:
        return gpt
    minilm = import_bert(minilm_folder()).state_dict()
    known = Tokenizer.from_file(str(minilm_folder() / "tokenizer.json")).get_vocab()
    ours = tokenizer.tokenizer.get_vocab()
    rows = [(ours[token], i) for token, i in known.items() if token in ours and not any(map(is_chinese, token))]
    here, there = torch.tensor(rows).T
    words = gpt.tokens.weight.detach().clone()
    words[here] = torch.lerp(words[here], minilm[WORDS][there], share)
    state = gpt.state_dict()
    gpt.load_state_dict(
        {name: words if name == WORDS else torch.lerp(weight, minilm[name], share) for name, weight in state.items()}
    )
    return gpt
