"""Pictures of confidence: does it agree with accuracy, and what does precision cost in coverage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from model.metrics import expected_calibration_error, precision_and_coverage

_BINS = 10


@dataclass(frozen=True, slots=True)
class Judgements:
    """The confidence of each question's best answer (0..1), and whether that answer is right."""

    confidences: Sequence[float]
    right: Sequence[bool]


def plot_reliability(judged: Mapping[str, Judgements], picture: Path, title: str) -> None:
    """Draw accuracy against confidence in ten equal-width bins, one line a label, with each bin's number of questions.

    Raises:
        ImportError: matplotlib is not installed.
    """
    figure, axis = _square()
    axis.plot([0, 1], [0, 1], color="#999999", linewidth=1, linestyle=":")
    for label, j in judged.items():
        c, y = np.asarray(j.confidences, dtype=float), np.asarray(j.right, dtype=float)
        which = np.minimum((c * _BINS).astype(int), _BINS - 1)
        used = [which == b for b in np.unique(which)]
        x = [float(c[u].mean()) for u in used]
        accuracy = [float(y[u].mean()) for u in used]
        ece = expected_calibration_error(j.confidences, j.right)
        (line,) = axis.plot(x, accuracy, marker="o", markersize=4, label=f"{label}, ECE {ece:.3f}")
        for u, px, py in zip(used, x, accuracy, strict=True):
            axis.annotate(
                str(int(u.sum())),
                (px, py),
                textcoords="offset points",
                xytext=(5, -9),
                fontsize=7,
                color=line.get_color(),
            )
    axis.set(xlabel="confidence", ylabel="share of right answers", xlim=(0, 1), ylim=(0, 1), title=title)
    _save(figure, axis, picture)


def plot_precision_coverage(
    judged: Mapping[str, Judgements], picture: Path, title: str, answered: Mapping[str, float]
) -> None:
    """Draw how many answers are right among those given, as the threshold falls and more questions are answered.

    Args:
        judged: label -> judgements.
        picture: PNG file to write.
        title: above the picture.
        answered: label -> share of questions answered at the operating point, which is marked.

    Raises:
        ImportError: matplotlib is not installed.
    """
    figure, axis = _square()
    for label, j in judged.items():
        coverage, precision = precision_and_coverage(j.confidences, j.right)
        (line,) = axis.plot(coverage, precision, linewidth=1.6, label=label)
        if answered[label]:
            place = int(np.argmin(np.abs(coverage - answered[label])))
            axis.plot(coverage[place], precision[place], marker="o", color=line.get_color())
    axis.set(
        xlabel="share of questions answered",
        ylabel="share of right answers among them",
        xlim=(0, 1),
        ylim=(0, 1.02),
        title=title,
    )
    _save(figure, axis, picture)


def _square() -> tuple[Any, Any]:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(5, 5), dpi=110)


def _save(figure: Any, axis: Any, picture: Path) -> None:
    import matplotlib.pyplot as plt

    axis.legend(frameon=False, fontsize=8)
    axis.grid(alpha=0.25)
    figure.tight_layout()
    figure.savefig(picture)
    plt.close(figure)
