"""What `benchmarks.scale` measured, as a table and a plot."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def write_report(lines: list[dict[str, Any]], folder: Path) -> None:
    """Write `scale.md`, and `scale.png` where matplotlib is installed."""
    growth = [line for line in lines if line["kind"] == "growth"]
    questions = [line for line in lines if line["kind"] == "questions"]
    (folder / "scale.md").write_text(table(growth, questions), encoding="utf-8")
    try:
        plot(growth, questions, folder / "scale.png")
    except ImportError:
        print("no plot: pip install -e '.[train]' brings matplotlib")


def table(growth: list[dict[str, Any]], questions: list[dict[str, Any]]) -> str:
    """One row a size; ingest rates are of the last 10,000 chunks before it."""
    rows = [
        "| chunks | ingest, chunks/s (of processor time) | memory, ingesting | library.sqlite3 | chroma/ | open "
        "| first question | p50 | p95 | processor time p50 "
        "| embedding p50 | vectors p50 | keywords p50 | recall@10 | memory, asking |",
        "|" + "---|" * 15,
    ]
    for asked in questions:
        size = asked["chunks"]
        grown = [line for line in growth if line["chunks"] == size]
        rates = [f"{line['added'] / line['seconds']:.0f} ({line['added'] / line['cpu_seconds']:.0f})" for line in grown]
        cost = (
            [rates[-1], f"{grown[-1]['rss']:.0f} MB", f"{grown[-1]['sqlite']:.0f} MB", f"{grown[-1]['chroma']:.0f} MB"]
            if grown
            else ["–"] * 4
        )
        vectors = asked["dense_p50"] - asked["embed_p50"]
        rows.append(
            "| "
            + " | ".join(
                [
                    f"{size:,}",
                    *cost,
                    f"{asked['open_ms']:.0f} ms",
                    f"{asked['first_ms']:.0f} ms",
                    f"{asked['all_p50']:.0f} ms",
                    f"{asked['all_p95']:.0f} ms",
                    f"{asked['all_cpu']:.0f} ms",
                    f"{asked['embed_p50']:.0f} ms",
                    f"{vectors:.0f} ms",
                    f"{asked['keyword_p50']:.0f} ms",
                    f"{100 * asked['recall']:.1f} %",
                    f"{asked['rss']:.0f} MB",
                ]
            )
            + " |"
        )
    return "\n".join(rows) + "\n"


def plot(growth: list[dict[str, Any]], questions: list[dict[str, Any]], path: Path) -> None:
    """Ingest rate, sizes and latency over the number of chunks."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, (rate, size, latency) = plt.subplots(1, 3, figsize=(14, 4))
    chunks = [line["chunks"] for line in growth]
    rate.plot(chunks, [line["added"] / line["seconds"] for line in growth], label="wall time")
    rate.plot(chunks, [line["added"] / line["cpu_seconds"] for line in growth], label="processor time")
    rate.set(title="ingesting (vectors given)", ylabel="chunks a second", ylim=(0, None))
    for key, label in (("sqlite", "library.sqlite3"), ("chroma", "chroma/"), ("rss", "memory, ingesting")):
        size.plot(chunks, [line[key] for line in growth], label=label)
    size.set(title="disk and memory", ylabel="MB", ylim=(0, None))
    for key, label in (
        ("all_p50", "retrieval p50"),
        ("all_p95", "retrieval p95"),
        ("embed_p50", "embedding p50"),
        ("keyword_p50", "keywords p50"),
    ):
        latency.plot([q["chunks"] for q in questions], [q[key] for q in questions], marker="o", label=label)
    latency.set(title="one question", ylabel="ms", ylim=(0, None), xscale="log")
    for axis in (rate, size, latency):
        axis.set_xlabel("chunks")
        axis.grid(alpha=0.3)
        if axis.lines:
            axis.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)
