"""`rag model`: make, calibrate, import and inspect the GPT."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from rag_app.cli import fail

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)


def _say(line: str) -> None:
    click.echo(line, err=True)


@click.group("model")
def model_command() -> None:
    """Train, calibrate, inspect and import the GPT."""


@model_command.command("train-reader")
@click.option("--config", type=_FILE, required=True, help="Recipe, for example data/recipes/reader.toml.")
@click.option("--data", type=_FOLDER, required=True, help="Folder of the data files that the recipe names.")
@click.option(
    "--run",
    "run",
    type=_FOLDER,
    default=Path("runs/reader"),
    show_default=True,
    help="Folder for checkpoints; the same command resumes from it.",
)
@click.option("--out", type=_FOLDER, required=True, help="Folder for the finished reader.")
@click.option("--compile", "compile_network", is_flag=True, help="Use torch.compile: faster after a slow start.")
def train_reader_command(config: Path, data: Path, run: Path, out: Path, compile_network: bool) -> None:
    """Train a reader by a recipe, calibrate it and store it small.

    Ctrl-C writes a checkpoint; the same command goes on with the very next batch. The loss curve and the reliability
    plot are written beside the weights.
    """
    from model.checkpoint import CheckpointError, save_checkpoint
    from model.json_lines import DataError
    from model.training.curves import plot_loss
    from model.training.reader.loop import train_reader
    from model.training.recipe import RecipeError, load_recipe
    from model.training.run_folder import LOG_FILE

    try:
        gpt, tokenizer, finished = train_reader(load_recipe(config), data, run, _say, compile_network=compile_network)
    except (RecipeError, DataError, CheckpointError) as error:
        fail(str(error))
    if not finished:
        _say("not finished: run the same command to resume")
        sys.exit(130)
    save_checkpoint(out, gpt, tokenizer, storage="small")
    plot_loss(run / LOG_FILE, out / "loss.png")
    _calibrate(config, data, out)
    _say(f"the reader is in {out}")


@model_command.command("train-embedder")
@click.option("--config", type=_FILE, required=True, help="Recipe, for example data/recipes/embedder.toml.")
@click.option("--data", type=_FOLDER, required=True, help="Folder of the data files that the recipe names.")
@click.option(
    "--run",
    "run",
    type=_FOLDER,
    default=Path("runs/embedder"),
    show_default=True,
    help="Folder for checkpoints; the same command resumes from it.",
)
@click.option("--out", type=_FOLDER, required=True, help="Folder for the finished embedder.")
def train_embedder_command(config: Path, data: Path, run: Path, out: Path) -> None:
    """Train the bilingual embedder by a recipe and store it as a sentence-transformers model.

    Ctrl-C writes a checkpoint; the same command goes on with the very next batch.
    """
    from model.checkpoint import CheckpointError
    from model.convert.sentence_transformers_folder import encoder_vocabulary, save_sentence_transformer
    from model.json_lines import DataError
    from model.training.curves import plot_losses
    from model.training.embedder.loop import train_embedder
    from model.training.embedder.recipe import load_embedder_recipe
    from model.training.recipe import RecipeError
    from model.training.run_folder import LOG_FILE

    try:
        recipe = load_embedder_recipe(config)
        gpt, tokenizer, finished = train_embedder(recipe, data, run, _say)
    except (RecipeError, DataError, CheckpointError) as error:
        fail(str(error))
    if not finished:
        _say("not finished: run the same command to resume")
        sys.exit(130)
    save_sentence_transformer(out, gpt, encoder_vocabulary(tokenizer), longest=recipe.longest)
    plot_losses(run / LOG_FILE, out / "loss.png")
    _say(f"the embedder is in {out}")


@model_command.command("calibrate")
@click.option("--config", type=_FILE, required=True, help="The recipe that the reader was trained by.")
@click.option("--data", type=_FOLDER, required=True, help="Folder of the data files that the recipe names.")
@click.option("--reader", type=_FOLDER, required=True, help="Folder of the reader; calibration.json is written there.")
def calibrate_command(config: Path, data: Path, reader: Path) -> None:
    """Fit a reader's confidence on passages that its training never saw."""
    from model.checkpoint import CheckpointError
    from model.json_lines import DataError
    from model.training.recipe import RecipeError

    try:
        _calibrate(config, data, reader)
    except (RecipeError, DataError, CheckpointError) as error:
        fail(str(error))


def _calibrate(config: Path, data: Path, folder: Path) -> None:
    from model.reader.grounded import GroundedReader
    from model.text.sentences import sentence_spans
    from model.training.reader.calibrate import LANGUAGES, OperatingRule, calibration_of
    from model.training.reader.confidence_plots import Judgements, plot_precision_coverage, plot_reliability
    from model.training.recipe import load_recipe
    from rag_app.chat_models.reader import words_of
    from rag_app.collection import build_embedder
    from rag_app.evaluation.calibration import judged_cases
    from rag_app.settings import Settings

    reader = GroundedReader.load(folder, words_of, sentence_spans)
    judged_ones = judged_cases(load_recipe(config), data, reader, build_embedder(Settings.from_environment()), _say)
    calibration, cases = calibration_of(judged_ones, OperatingRule(), _say)
    calibration.save(folder)
    judged: dict[str, Judgements] = {}
    answered: dict[str, float] = {}
    for lang in LANGUAGES:
        mine = [c for c in cases if c.lang == lang]
        judged[lang] = Judgements([c.confidence for c in mine], [c.right for c in mine])
        threshold = calibration.languages[lang].threshold
        answered[lang] = sum(c.confidence >= threshold for c in mine) / len(mine)
    plot_reliability(judged, folder / "reliability.png", "Confidence, held-out calibration cases")
    title = "Precision, held-out calibration cases"
    plot_precision_coverage(judged, folder / "precision_coverage.png", title, answered)


@model_command.command("import")
@click.argument("source", type=_FOLDER)
@click.argument("out", type=_FOLDER)
def import_command(source: Path, out: Path) -> None:
    """Turn a GPT-2- or Llama-shaped Hugging Face folder SOURCE into a checkpoint OUT of our own network."""
    from model.checkpoint import save_checkpoint
    from model.convert.import_bert import ImportFailed
    from model.convert.import_causal import import_causal

    try:
        gpt, tokenizer = import_causal(source)
    except ImportFailed as error:
        fail(str(error))
    save_checkpoint(out, gpt, tokenizer)
    _say(f"{sum(p.numel() for p in gpt.parameters()):,} parameters in {out}; use it with ChatLocalGPT(mode='free')")


@model_command.command("info")
@click.argument("folder", type=_FOLDER)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def info_command(folder: Path, as_json: bool) -> None:
    """Shape and size of a checkpoint."""
    from dataclasses import asdict

    from model.checkpoint import WEIGHTS_FILE, CheckpointError, load_checkpoint

    try:
        gpt, tokenizer = load_checkpoint(folder)
    except CheckpointError as error:
        fail(str(error))
    found = {
        **asdict(gpt.config),
        "parameters": sum(p.numel() for p in gpt.parameters()),
        "bytes": (folder / WEIGHTS_FILE).stat().st_size,
        "tokens": tokenizer.vocab_size,
    }
    if as_json:
        click.echo(json.dumps(found))
        return
    for name, value in found.items():
        click.echo(f"{name:16} {value}")
