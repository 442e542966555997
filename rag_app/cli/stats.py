"""`rag stats`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import click

from ingest.library.statistics import BIN, Statistics, statistics_of
from rag_app.cli import fail
from rag_app.cli.options import settings_options
from rag_app.settings import Settings

_WIDEST = 40  # characters of a bar


@click.command("stats")
@click.option("--plot", type=click.Path(path_type=Path, dir_okay=False), help="Draw it: .png, .svg or .pdf.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
@settings_options
def stats_command(plot: Path | None, as_json: bool, settings: Settings) -> None:
    """Count documents by type and language, and passages by length."""
    from rag_app.collection import open_library

    with open_library(settings, create=False) as library:
        found = statistics_of(library)
    if plot is not None:
        draw(found, plot, settings.collection)
    if as_json:
        click.echo(json.dumps(found.to_dict(), ensure_ascii=False))
        return
    click.echo(
        f"{found.documents} documents under {found.paths} paths ({found.failed} failed), {found.chunks} passages, "
        f"{found.characters:,} characters, {found.bytes_on_disk / 2**20:.1f} MiB on disk"
    )
    _show("types", found.types)
    _show("languages", found.languages)
    steps = {f"{start}-{start + BIN - 1}": n for start, n in sorted(found.lengths.items())}
    _show(f"characters of a passage ({found.shortest} to {found.longest})", steps)


def _show(title: str, counts: Mapping[str, int]) -> None:
    from rag_app.cli.showing import plain

    click.echo(f"\n{title}")
    most = max(counts.values(), default=1)
    width = max((len(name) for name in counts), default=0)
    for name, count in counts.items():
        click.echo(f"  {plain(name):{width}}  {count:7}  {'█' * max(1, round(_WIDEST * count / most))}")


def draw(found: Statistics, path: Path, collection: str) -> None:
    """Draw lengths, types and languages side by side."""
    try:
        import matplotlib as mpl
    except ImportError:
        fail("matplotlib is needed to draw: pip install matplotlib; without --plot the bars are shown here")
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, (lengths, types, languages) = plt.subplots(1, 3, figsize=(14, 4), layout="constrained")
    lengths.bar(list(found.lengths), list(found.lengths.values()), width=BIN * 0.9, align="edge")
    lengths.set(xlabel="characters", ylabel="passages", title=f"passages of {collection}")
    for axes, title, counts in ((types, "documents by type", found.types), (languages, "by language", found.languages)):
        names = [name.rpartition("/")[2][-30:] for name, _ in counts.most_common(12)]
        axes.barh(names[::-1], [n for _, n in counts.most_common(12)][::-1])
        axes.set(title=title, xlabel="documents")
    try:
        figure.savefig(path, dpi=120)
    except ValueError as error:  # an extension that is no picture's
        fail(f"{path}: {error}")
    finally:
        plt.close(figure)
