"""`python -m rag_app.evaluation.model_card`: fills the tables of a model's MODEL_CARD.md, so that none is typed.

The card's text is written by people. What stands between `<!-- NAME -->` and `<!-- /NAME -->` is replaced; a block
whose measurements are not given stays as it is.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click
from safetensors import safe_open

from ingest.resources import NotShippedError, shipped
from model.checkpoint import WEIGHTS_FILE, CheckpointError, load_checkpoint
from model.json_lines import DataError
from model.metrics import auroc, expected_calibration_error
from model.reader.calibration import CALIBRATION_FILE
from model.training.synthetic.conversations import FILES
from rag_app.evaluation.answers import AskedQuestion, read_details
from rag_app.evaluation.intervals import Rate, bootstrap, rate

CARD_FILE = "MODEL_CARD.md"
GROUNDING_FILE = "grounding.json"
_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)
_NAMES = {
    "private_dev.en": "private documents, English",
    "private_dev.zh": "private documents, Chinese",
    "docqa_dev.en": "people's questions, English",
    "docqa_dev.zh": "people's questions, Chinese",
    "xling_dev": "question in one language, passage in the other",
    "squad_dev_articles.en": "SQuAD 1.1, two articles kept out",
    "cmrc2018_trial.zh": "CMRC 2018 trial",
    "drcd_dev.zh-Hant": "DRCD dev (traditional Chinese)",
    "nq_swap_counterfactual.en": "NQ-Swap, contexts kept from training",
    "en": "all English",
    "zh": "all Chinese",
}
_OWN = "questions: written for this project; passages as their sources: CC BY(-SA), Apache-2.0, MIT, public domain"
_OWN_DOCUMENTS = "CC0: documents and questions written for this project"


def fill(card: str, blocks: dict[str, str]) -> str:
    """Replace the blocks of a card.

    Raises:
        DataError: the card has no place for a block.
    """
    for name, text in blocks.items():
        place = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        if not place.search(card):
            raise DataError(f"{CARD_FILE} has no place for {name}: write <!-- {name} --> and <!-- /{name} --> into it")
        card = place.sub(lambda m, text=text: f"{m[1]}{text}\n{m[2]}", card)  # type: ignore[misc]
    return card


def blocks(reader: Path, results: Path | None, recipe: Path | None, manifest: Path | None) -> dict[str, str]:
    """All blocks that can be filled.

    Args:
        reader: folder of the weights.
        results: folder of `NAME.reader.jsonl` and `NAME.end-to-end.jsonl` (`rag eval answers --details`) and of
            `grounding.json` (`rag eval grounding --json`).
        recipe: TOML file that the reader was trained by.
        manifest: table of the data files with rows, origin and licence.

    Raises:
        CheckpointError: `reader` is not a checkpoint.
        DataError: a file cannot be used.
    """
    encoder = (reader / "modules.json").exists()
    found = {"shape": _encoder_shape(reader) if encoder else _shape(reader)}
    measured = {} if encoder else _load(reader / CALIBRATION_FILE).get("measured")
    if measured:
        found["calibration"] = _calibration(measured, _load(reader / CALIBRATION_FILE)["languages"])
    if results is not None:
        for mode, make in (("reader", _reader_table), ("end-to-end", _end_to_end_table)):
            scored = {name: read_details(file) for name, file in _details(results, mode)}
            if scored:
                found[mode] = make(scored)
        if (results / GROUNDING_FILE).exists():
            found["grounding"] = _grounding(_load(results / GROUNDING_FILE))
    if recipe is not None and manifest is not None:
        found["data"] = _data(recipe, manifest)
    return found


def _details(results: Path, mode: str) -> list[tuple[str, Path]]:
    """Files of one mode: the known sets in their order, then others."""
    files = {f.name.removesuffix(f".{mode}.jsonl"): f for f in sorted(results.glob(f"*.{mode}.jsonl"))}
    order = [*(n for n in _NAMES if n in files), *(n for n in files if n not in _NAMES)]
    return [(name, files[name]) for name in order]


def _load(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: {error}: make it again with its command") from error
    if not isinstance(found, dict):
        raise DataError(f"{path} is not a JSON object: make it again with its command")
    return found


def _shape(reader: Path) -> str:
    gpt, tokenizer = load_checkpoint(reader)
    c = gpt.config
    return _table(
        ("parameters", "layers", "width", "heads", "positions", "tokens", "size of the weights"),
        [
            (
                f"{sum(p.numel() for p in gpt.parameters()):,}",
                str(c.n_layer),
                str(c.n_embd),
                str(c.n_head),
                str(c.max_positions),
                f"{tokenizer.vocab_size:,}",
                f"{(reader / WEIGHTS_FILE).stat().st_size / 1e6:.1f} MB",
            )
        ],
    )


def _encoder_shape(folder: Path) -> str:
    """Size of a sentence-transformers folder of ours."""
    c = _load(folder / "config.json")
    weights = folder / WEIGHTS_FILE
    with safe_open(weights, "pt") as file:
        count = sum(math.prod(file.get_slice(name).get_shape()) for name in file.keys())  # noqa: SIM118 - no mapping
    return _table(
        ("parameters", "layers", "width", "heads", "tokens read", "vocabulary", "size of the weights"),
        [
            (
                f"{count:,}",
                str(c["num_hidden_layers"]),
                str(c["hidden_size"]),
                str(c["num_attention_heads"]),
                str(_load(folder / "sentence_bert_config.json")["max_seq_length"]),
                f"{c['vocab_size']:,}",
                f"{weights.stat().st_size / 1e6:.1f} MB",
            )
        ],
    )


def _calibration(measured: dict[str, dict[str, float]], languages: dict[str, dict[str, float]]) -> str:
    return _table(
        (
            "held-out calibration cases",
            "n",
            "AUROC",
            "ECE",
            "operating point",
            "right when answered",
            "answered",
            "answered of answerable",
        ),
        [
            (
                {"en": "English", "zh": "Chinese"}[lang],
                f"{m['cases']:g}",
                f"{m['auroc']:.3f}",
                f"{m['ece']:.3f}",
                f"{languages[lang]['threshold']:.3f}",
                _percent(m.get("precision")),
                _percent(m.get("answered")),
                _percent(m.get("answered_of_answerable")),
            )
            for lang, m in measured.items()
        ],
    )


def _reader_table(scored: dict[str, list[AskedQuestion]]) -> str:
    rows = [(_NAMES.get(name, name), *_scores(outcomes)) for name, outcomes in scored.items()]
    kinds = [
        (f"{_NAMES.get(name, name)}: {kind}", *_scores([o for o in outcomes if o.kind == kind]))
        for name, outcomes in scored.items()
        for kind in sorted({o.kind for o in outcomes if o.kind})
    ]
    head = ("reader alone, right passage given", *_SCORES)
    return _table(head, rows) + ("\n\n" + _table(("by kind", *_SCORES), kinds) if kinds else "")


def _end_to_end_table(scored: dict[str, list[AskedQuestion]]) -> str:
    return _table(
        ("end to end, over all passages together", *_SCORES, "right passage first", "in five", "p50"),
        [
            (
                _NAMES.get(name, name),
                *_scores(outcomes),
                _percent(sum(o.rank == 1 for o in outcomes) / len(outcomes)),
                _percent(sum(o.rank is not None and o.rank <= 5 for o in outcomes) / len(outcomes)),
                f"{sorted(o.latency_ms for o in outcomes)[len(outcomes) // 2]:.0f} ms",
            )
            for name, outcomes in scored.items()
        ],
    )


_SCORES = ("n", "F1 (95 %)", "exact (95 %)", "AUROC", "ECE", "answered", "right when answered (95 %)")


def _scores(outcomes: Sequence[AskedQuestion]) -> tuple[str, ...]:
    answerable = [o for o in outcomes if o.answers]
    confidences, right = [o.confidence for o in outcomes], [o.right for o in outcomes]
    area = auroc(confidences, right)
    return (
        str(len(outcomes)),
        _mean(answerable, lambda o: o.f1),
        _mean(answerable, lambda o: o.exact_match),
        "–" if area is None else f"{area:.2f}",
        f"{expected_calibration_error(confidences, right):.3f}",
        _percent(rate([o.answered for o in outcomes])["rate"]),
        _interval(rate([o.right for o in outcomes if o.answered])),
    )


def _mean(outcomes: Sequence[AskedQuestion], value: Callable[[AskedQuestion], float]) -> str:
    values = [value(o) for o in outcomes]
    interval = bootstrap(values, lambda drawn: sum(drawn) / len(drawn))
    if interval is None:
        return "–"
    return f"{100 * sum(values) / len(values):.1f} ({100 * interval[0]:.0f}–{100 * interval[1]:.0f})"


def _grounding(found: dict[str, Any]) -> str:
    columns: tuple[tuple[str, str, str], ...] = (
        ("answer swapped: follows", "swap", "follows"),
        ("… if right before", "swap", "follows_if_right_before"),
        ("answer deleted: refuses", "removal", "refused"),
        ("confidence falls", "removal", "confidence_fell"),
        ("wrong passages: refuses", "wrong_passages", "refused"),
        ("(answers, unchanged)", "removal", "answered_before"),
    )
    parts = {**{k.split(".jsonl")[0]: v for k, v in found["files"].items()}, **found["languages"]}
    return _table(
        ("", *(title for title, _, _ in columns)),
        [
            (_NAMES.get(name, name), *(_interval(part[test][key], n=True) for _, test, key in columns))
            for name, part in parts.items()
        ],
    )


def _data(recipe: Path, manifest: Path) -> str:
    uses: dict[str, list[str]] = {}
    for file, use in _files(recipe):
        uses.setdefault(file, [])
        if use not in uses[file]:
            uses[file].append(use)
    listed = dict(_listed(manifest))
    missing = sorted(set(uses) - set(listed))
    if missing:
        raise DataError(f"{manifest} does not list {', '.join(missing)}, which the recipe uses")
    return _table(
        ("file", "rows", "used for", "origin", "licence"),
        [(f"`{file}`", listed[file][0], ", ".join(use), *listed[file][1:]) for file, use in uses.items()],
    )


_COUNTED = "counting characters or pieces"

_TASKS = {
    "parallel": "translations",
    "retention": "English to keep",
    "questions": "questions and their passages",
    "documents": "headings and sentences with their passages",
    "cloze": "questions made from it",
}

_PRACTICE = {
    "cloze": "cloze made from it",
    "tables": "tables made from it",
    "parallel": "questions across languages made from it",
    "labelled": "questions, labelled by the reader before",
    "shortened": "questions shortened as in a conversation",
}


def _files(recipe: Path) -> Iterator[tuple[str, str]]:
    """Files that training reads, those of the recipe it goes on from first."""
    try:
        raw = tomllib.loads(recipe.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"{recipe}: {error}") from error
    if "after" in raw:
        yield from _files(recipe.parent / raw["after"])
    for task in raw.get("task", ()):
        yield task["file"].removesuffix(".xz"), _TASKS[task["kind"]]
    for stage in raw.get("stage", ()):
        yield from ((f["file"].removesuffix(".xz"), "questions") for f in stage.get("files", ()))
        for practice in stage.get("practice", ()):
            files = [f"qa/{name}" for name in FILES] if practice["kind"] == "shortened" else [practice["file"]]
            yield from ((f.removesuffix(".xz"), _PRACTICE[practice["kind"]]) for f in files)
    words = raw.get("vocabulary", {})
    if isinstance(words, str):
        kinds = (_COUNTED, "aligning words")
        yield from ((file, use) for file, use in _files(recipe.parent / words) if use in kinds)
        return
    yield from ((f["file"].removesuffix(".xz"), _COUNTED) for f in words.get("texts", ()))
    yield from ((f.removesuffix(".xz"), "aligning words") for f in words.get("parallel", ()))
    yield from ((f.removesuffix(".xz"), "translating words of questions") for f in raw.get("translations", ()))


def _listed(manifest: Path) -> Iterator[tuple[str, tuple[str, str, str]]]:
    """Each file of the manifest's tables with its rows, origin and licence."""
    try:
        lines = manifest.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise DataError(f"{manifest}: {error.strerror or error}") from error
    columns: list[str] = []
    for line in lines:
        cells = [c.strip() for c in line.strip().strip("|").split("|")]
        if not line.startswith("|") or set(line) <= set("|-: "):
            continue
        if cells[0] in ("file", "set"):
            columns = cells
            continue
        row = dict(zip(columns, cells, strict=False))
        origin = row.get("repo @ commit : path", "this project")
        rows = row.get("rows", "").removesuffix(" each")
        for file in row.get("file", "").split(", "):
            names, counts = _spelt_out(file.split(" / ")), rows.split(" / ")
            for i, name in enumerate(names):
                own = _OWN_DOCUMENTS if "/private_" in name else _OWN
                yield name, (counts[i] if len(counts) == len(names) else rows, origin, row.get("licence", own))


def _spelt_out(names: Sequence[str]) -> list[str]:
    """`["qa/a.en.jsonl", ".zh.jsonl"]` as whole names."""
    first = names[0]
    return [first, *(first[: -len(n)] + n if n.startswith(".") and len(n) < len(first) else n for n in names[1:])]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _interval(r: Rate, *, n: bool = False) -> str:
    if r["rate"] is None or r["low"] is None or r["high"] is None:
        return "–"
    count = f", n = {r['n']}" if n else ""
    return f"{100 * r['rate']:.1f} % ({100 * r['low']:.0f}–{100 * r['high']:.0f}{count})"


@click.command()
@click.option(
    "--reader",
    "--embedder",
    "reader",
    type=_FOLDER,
    help="Folder whose MODEL_CARD.md is filled [default: the shipped reader].",
)
@click.option(
    "--results",
    type=_FOLDER,
    help="Folder with NAME.reader.jsonl and NAME.end-to-end.jsonl (`rag eval "
    "answers --details`) and grounding.json (`rag eval grounding --json`).",
)
@click.option("--config", type=_FILE, help="The recipe that it was trained by; with --manifest.")
@click.option("--manifest", type=_FILE, help="Table of the data files with rows, origin and licence.")
def main(reader: Path | None, results: Path | None, config: Path | None, manifest: Path | None) -> None:
    """Fill the tables of a model card from saved measurements; what is not given stays as it is."""
    try:
        folder = reader or shipped("models/reader")
        path = folder / CARD_FILE
        found = blocks(folder, results, config, manifest)
        path.write_text(fill(path.read_text(encoding="utf-8"), found), encoding="utf-8")
    except (CheckpointError, DataError, NotShippedError) as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror or error}") from error
    click.echo(f"{path}: {', '.join(found)} filled")


if __name__ == "__main__":
    main()
