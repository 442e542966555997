"""Plots of confidence: `python -m rag_app.evaluation.plots DETAILS… --out FOLDER`.

Is confidence honest, and what does precision cost? Drawn from what `rag eval answers --details` wrote.
"""

from __future__ import annotations

from pathlib import Path

import click

from model.json_lines import DataError
from rag_app.evaluation.answers import read_details


@click.command()
@click.argument("details", type=click.Path(path_type=Path, dir_okay=False), nargs=-1, required=True)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder for reliability.png and precision_coverage.png.",
)
def main(details: tuple[Path, ...], out: Path) -> None:
    """Draw what `rag eval answers --details` wrote."""
    try:
        from model.training.reader.confidence_plots import Judgements, plot_precision_coverage, plot_reliability

        outcomes = {file.stem: read_details(file) for file in details}
        judged = {k: Judgements([o.confidence for o in v], [o.right for o in v]) for k, v in outcomes.items()}
        given = {k: sum(o.answered for o in v) / len(v) for k, v in outcomes.items()}
        out.mkdir(parents=True, exist_ok=True)
        plot_reliability(judged, out / "reliability.png", "Confidence and accuracy")
        plot_precision_coverage(judged, out / "precision_coverage.png", "Precision and coverage", given)
    except DataError as error:
        raise click.ClickException(str(error)) from error
    except ImportError as error:
        raise click.ClickException(f"plots need matplotlib ({error}): pip install matplotlib") from error


if __name__ == "__main__":
    main()
