"""The results of `benchmarks.ingest` as a Markdown table and a plot."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from benchmarks.ingest_programs import OURS, THEIRS, Result

_COLOURS = {
    "loading": "#b07aa1", "splitting": "#9c755f", "embedding": "#4e79a7", "writing": "#f28e2b",
    "waiting for documents": "#bab0ac",
}  # fmt: skip


def table(results: Mapping[str, Result]) -> str:
    """The results as a Markdown table, and how many times more chunks a second this program has."""
    lines = [
        "| | chunks | seconds | chunks/s | in the encoder | processor time | peak memory | unchanged folder again |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for program, r in results.items():
        again = "adds everything again" if r.again is None else f"{r.again:.1f} s ({r.seconds / r.again:.0f}×)"
        lines.append(
            f"| {program} | {r.chunks:,} | {r.seconds:.1f} | {r.chunks / r.seconds:.1f} "
            f"| {r.encoder / r.seconds:.0%} | {r.processor:.1f} s | {r.megabytes:.0f} MB | {again} |"
        )
    for program, r in results.items():
        stages = ", ".join(f"{stage} {s:.1f} s ({s / r.seconds:.0%})" for stage, s in r.stages.items())
        beside = ", ".join(f"{stage} {s:.1f} s" for stage, s in r.beside.items())
        lines += ["", f"{program}: {stages}" + (f"; in processes beside it: {beside}." if beside else ".")]
    ours = results.get(OURS)
    for program, theirs in results.items():
        if ours and program != OURS:
            wall = (ours.chunks / ours.seconds) / (theirs.chunks / theirs.seconds)
            processor = (ours.chunks / ours.processor) / (theirs.chunks / theirs.processor)
            encoder = (ours.chunks / ours.encoder) / (theirs.chunks / theirs.encoder)
            lines += [
                "", f"Chunks a second beside {program}: {wall:.2f}×; per second of processor time {processor:.2f}×, "
                f"of the encoder {encoder:.2f}×.",
            ]  # fmt: skip
    return "\n".join(lines)


def plot(results: Mapping[str, Result], path: Path) -> None:
    """Draw the stages of each program for a thousand chunks, as bars of seconds of wall time."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 1.2 + 0.7 * len(results)), layout="constrained")
    axes = figure.add_subplot()
    named: set[str] = set()
    for row, r in enumerate(results.values()):
        left = 0.0
        for stage, seconds in r.stages.items():
            width = 1000 * seconds / r.chunks
            label = None if stage in named else stage
            axes.barh(row, width, left=left, color=_COLOURS.get(stage), label=label)
            named.add(stage)
            left += width
        axes.annotate(f" {r.chunks / r.seconds:.0f} chunks/s", (left, row), va="center")
    axes.set_yticks(range(len(results)), [name.replace(f"{THEIRS}, ", f"{THEIRS},\n") for name in results])
    axes.invert_yaxis()
    axes.margins(x=0.15)
    axes.set_xlabel("seconds for 1,000 chunks")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, ncols=len(named), loc="upper center", bbox_to_anchor=(0.4, -0.25))
    figure.savefig(path, dpi=120)
