"""Pictures of a training: the loss curves."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np


def plot_loss(log: Path, picture: Path) -> None:
    """Draw the loss and its running mean over the steps of `log.jsonl`; later lines win where a run was resumed."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    rows = {r["step"]: r for r in map(json.loads, log.read_text(encoding="utf-8").splitlines())}
    steps = sorted(rows)
    loss = np.array([rows[s]["loss"] for s in steps])
    width = max(1, min(15, len(loss) // 4))
    mean = np.convolve(loss, np.ones(width) / width, mode="valid")
    figure, axis = plt.subplots(figsize=(8, 4.5), dpi=110)
    axis.plot(steps, loss, color="#9bb7d4", linewidth=0.8, label="every 20 steps")
    axis.plot(steps[width - 1 :], mean, color="#1f4e79", linewidth=1.8, label=f"mean of {width}")
    for before, after in itertools.pairwise(steps):
        if rows[before]["stage"] != rows[after]["stage"]:
            axis.axvline(after, color="#c0504d", linestyle="--", linewidth=1, label="next stage")
    axis.set(xlabel="step", ylabel="-log P(right copy instructions)", title="Training the reader")
    axis.legend(frameon=False)
    axis.grid(alpha=0.25)
    figure.tight_layout()
    figure.savefig(picture)
    plt.close(figure)


def plot_losses(log: Path, picture: Path) -> None:
    """Draw the running mean of each kind of loss in `log.jsonl` of an embedder's training."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    rows = {r["step"]: r for r in map(json.loads, log.read_text(encoding="utf-8").splitlines())}
    kinds = sorted({kind for r in rows.values() for kind in r["losses"]})
    figure, axes = plt.subplots(1, max(1, len(kinds)), figsize=(3.6 * max(1, len(kinds)), 3.4), dpi=110, squeeze=False)
    for axis, kind in zip(axes[0], kinds, strict=False):
        points = [(s, rows[s]["losses"][kind]) for s in sorted(rows) if kind in rows[s]["losses"]]
        steps, loss = np.array([s for s, _ in points]), np.array([value for _, value in points])
        width = max(1, min(15, len(loss) // 4))
        axis.plot(steps, loss, color="#9bb7d4", linewidth=0.8)
        axis.plot(steps[width - 1 :], np.convolve(loss, np.ones(width) / width, mode="valid"), color="#1f4e79")
        axis.set(xlabel="step", title=kind)
        axis.grid(alpha=0.25)
    figure.suptitle("Training the embedder: loss of each kind of batch")
    figure.tight_layout()
    figure.savefig(picture)
    plt.close(figure)
