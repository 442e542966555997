"""The embedder's training loop: warm start, one task a step, checkpoints that resume to the very next batch."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor

from model.checkpoint import load_checkpoint, save_checkpoint
from model.convert.import_bert import import_bert, minilm_folder
from model.convert.sentence_transformers_folder import encoder_vocabulary
from model.network.gpt import GPT
from model.network.pooling import pooled
from model.network.precision import fast_precision
from model.tokenizer import TextTokenizer
from model.training.embedder.loss import Queue, Teacher, embedder_loss
from model.training.embedder.recipe import EmbedderRecipe
from model.training.embedder.tasks import build_sources
from model.training.finished import finished, network_before
from model.training.reader.prepare import warm_start
from model.training.run_folder import (
    LOG_FILE,
    STATE_FILE,
    last_checkpoint,
    restore_optimizer,
    save_optimizer,
)
from model.training.training_loop import TrainingLoop

QUEUE_FILE = "queue.safetensors"
_TEACHER_TOKENS = 256


class EmbedderTraining(TrainingLoop):
    """One training run in one folder; construct it again on the same folder to resume."""

    def __init__(self, recipe: EmbedderRecipe, data: Path, run: Path, say: Callable[[str], None]) -> None:
        """Prepare or resume.

        Args:
            recipe: what to do.
            data: folder of the data files that the recipe names.
            run: folder for checkpoints and the log; resumed if it holds one.
            say: receives progress lines.
        """
        super().__init__(recipe.optimizer, recipe.max_hours, run, say)
        self.recipe = recipe
        self.queues = {lang: Queue(recipe.queue) for lang in ("en", "zh")}
        done = last_checkpoint(run)
        if done is not None:
            self.gpt, self.tokenizer = load_checkpoint(done)
        elif recipe.after is not None:
            self.gpt, self.tokenizer = network_before(train_embedder, recipe.after, data, run, say)
        else:
            self.gpt, self.tokenizer = _bilingual_minilm(recipe, data, say)
        self.gpt.train()
        self.optimizer = torch.optim.AdamW(_parameter_groups(self.gpt, recipe), betas=(0.9, 0.98), fused=True)
        if done is not None:
            self._restore(done)
        self.vocabulary = encoder_vocabulary(self.tokenizer)
        self.sources = build_sources(recipe, data, self.vocabulary, say)
        self.teacher = minilm_teacher()

    def train(self, *, checkpoint_every: float = 600) -> bool:
        """Train to the recipe's last step, or until interrupted (Ctrl-C, SIGTERM) or out of time.

        Args:
            checkpoint_every: seconds between checkpoints.

        Returns:
            Whether the last step was reached.
        """
        return self._loop(self._steps(), checkpoint_every)

    def _steps(self) -> Iterator[tuple[str, int, float]]:
        while self.step < self.recipe.optimizer.steps:
            yield self._step()

    def _step(self) -> tuple[str, int, float]:
        """Do one optimizer step; returns the task's file, tokens and loss."""
        settings = self.recipe.optimizer
        rng = random.Random(f"{self.recipe.seed}-{self.step}")
        stage = next(i for i, end in enumerate(self.recipe.stages) if self.step < end * settings.steps or end == 1.0)
        number = rng.choices(range(len(self.sources)), [t.share[stage] for t in self.recipe.tasks])[0]
        batch = self.sources[number].batch(rng, settings.batch_tokens)
        self._set_rate()
        with fast_precision():
            loss = embedder_loss(self.gpt, self.teacher, batch, self.recipe.weights, self.queues)
        return self.recipe.tasks[number].kind, settings.batch_tokens, self._descend(loss)

    def _report(self, losses: dict[str, float], speed: float) -> None:
        means = {name: round(value, 4) for name, value in sorted(losses.items())}
        if not all(math.isfinite(v) for v in means.values()):
            raise FloatingPointError(f"the loss is {means} at step {self.step}: lower the learning rate and resume")
        total = self.recipe.optimizer.steps
        row = {
            "step": self.step,
            "losses": means,
            "tokens_per_second": round(speed),
            "seconds": round(self.seconds),
            "rate": self.recipe.optimizer.rate(self.step),
        }
        with (self.run / LOG_FILE).open("a", encoding="utf-8") as log:
            log.write(json.dumps(row) + "\n")
        told = "  ".join(f"{name} {value:.3f}" for name, value in means.items())
        self.say(f"step {self.step}/{total}  {told}  {speed:.0f} tokens/s  {self._minutes_left():.0f} min left")

    def _write(self, folder: Path) -> None:
        save_checkpoint(folder, self.gpt, self.tokenizer)
        save_optimizer(self.optimizer, folder)
        queued: dict[str, Tensor] = {}
        for lang, q in self.queues.items():
            queued |= {f"{lang}.vectors": q.vectors, f"{lang}.keys": q.keys, f"{lang}.documents": q.documents}
        save_file({name: t.contiguous() for name, t in queued.items()}, folder / QUEUE_FILE)
        state = {"step": self.step, "seconds": self.seconds, "recipe": asdict(self.recipe)}
        (folder / STATE_FILE).write_text(json.dumps(state, indent=1), encoding="utf-8")

    def _restore(self, folder: Path) -> None:
        state = json.loads((folder / STATE_FILE).read_text(encoding="utf-8"))
        self.step, self.seconds = state["step"], state["seconds"]
        restore_optimizer(self.optimizer, folder)
        queued = load_file(folder / QUEUE_FILE)
        for lang, queue in self.queues.items():
            queue.vectors, queue.keys = queued[f"{lang}.vectors"], queued[f"{lang}.keys"]
            queue.documents = queued[f"{lang}.documents"]
        self.say(f"resuming at step {self.step}")


def minilm_teacher() -> Teacher:
    """MiniLM, whose English the embedder keeps."""
    gpt = import_bert(minilm_folder()).eval()
    tokenizer = Tokenizer.from_file(str(minilm_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(_TEACHER_TOKENS)

    @torch.no_grad()
    def vectors(texts: Sequence[str]) -> Tensor:
        return pooled(gpt, [e.ids for e in tokenizer.encode_batch_fast(list(texts))])

    return vectors


def _bilingual_minilm(recipe: EmbedderRecipe, data: Path, say: Callable[[str], None]) -> tuple[GPT, TextTokenizer]:
    """MiniLM with the reader's vocabulary, as the reader started from it, without the reader's heads."""
    if recipe.vocabulary is None:
        raise ValueError("the recipe names neither a vocabulary nor a recipe that it goes on from")
    old, tokenizer = warm_start(recipe.vocabulary, data, say)
    gpt = GPT(replace(old.config, copy_head=False, match_features=False, dropout=recipe.optimizer.dropout))
    state = old.state_dict()
    gpt.load_state_dict({name: state[name] for name in gpt.state_dict()})
    return gpt, tokenizer


def _parameter_groups(gpt: GPT, recipe: EmbedderRecipe) -> list[dict[str, object]]:
    """Matrices decay; vectors and embeddings do not; word embeddings learn faster, many of them are new."""
    words = [gpt.tokens.weight]
    embeddings = {id(e.weight) for e in (gpt.tokens, gpt.positions, gpt.segments) if e is not None}
    rest = [p for p in gpt.parameters() if id(p) != id(gpt.tokens.weight)]
    decaying = [p for p in rest if p.dim() >= 2 and id(p) not in embeddings]
    others = [p for p in rest if p.dim() < 2 or id(p) in embeddings]
    return [
        {"params": words, "weight_decay": 0.0, "scale": recipe.weights.embeddings_rate},
        {"params": decaying, "weight_decay": recipe.optimizer.weight_decay, "scale": 1.0},
        {"params": others, "weight_decay": 0.0, "scale": 1.0},
    ]


def train_embedder(
    recipe: EmbedderRecipe, data: Path, run: Path, say: Callable[[str], None]
) -> tuple[GPT, TextTokenizer, bool]:
    """Run or resume a recipe; returns the network, its tokenizer and whether the last step was reached."""
    if (done := finished(recipe, run)) is not None:
        gpt, tokenizer = done
        return gpt.eval(), tokenizer, True
    training = EmbedderTraining(recipe, data, run, say)
    if training.train():
        return train_embedder(recipe, data, run, say)  # done: only loaded
    return training.gpt.eval(), training.tokenizer, False
