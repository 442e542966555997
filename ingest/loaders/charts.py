"""Charts of Office documents (DrawingML): title and values, whatever their shape, from the numbers that they store."""

from collections.abc import Iterator
from datetime import date, timedelta

from lxml import etree

from ingest.loaders.builder import DocumentBuilder
from ingest.loaders.office_package import CHART, DRAWING, whole_number
from ingest.loaders.package import local_name

_MAX_CELLS = 500_000
_DAY_ZERO = date(1899, 12, 30)  # of Excel's dates
_LAST_DAY = 2_958_465  # 9999-12-31


def add_chart(builder: DocumentBuilder, chart: etree._Element) -> None:
    """Add a chart's title as a paragraph and its values as tables: a row for each category, a column for each series.

    Series with the same categories share a table. `chart` is the root of the chart's part.
    """
    builder.paragraph(_title(chart))
    waiting: list[tuple[str, dict[int, str]]] = []
    categories: dict[int, str] = {}
    axes = [_title(axis) for plot in chart.iter(f"{CHART}plotArea") for axis in plot if local_name(axis).endswith("Ax")]
    cells = 0
    for series in chart.iter(f"{CHART}ser"):
        own = _points(series, "cat", "xVal")
        if waiting and own and own != categories:
            builder.table(_rows(axes, waiting, categories), "stated")
            waiting, categories = [], {}
        categories = own or categories
        values = _points(series, "val", "yVal")
        cells += len(values) + len(own)
        if cells > _MAX_CELLS:
            break
        waiting.append((_words(series.find(f"{CHART}tx")), values))
    builder.table(_rows(axes, waiting, categories), "stated")


def _rows(axes: list[str], series: list[tuple[str, dict[int, str]]], categories: dict[int, str]) -> Iterator[list[str]]:
    indices = sorted({index for _, values in series for index in values} | set(categories))
    if not indices:
        return
    # An only series is often without a name; then the axis of its values says what they are.
    names = [name or next((title for title in axes[1:] if title and len(series) == 1), "") for name, _ in series]
    yield [axes[0] if axes else "", *names]
    for index in indices:
        yield [categories.get(index, str(index + 1)), *(values.get(index, "") for _, values in series)]


def _title(element: etree._Element) -> str:
    """Return the title that somebody wrote for a chart or an axis."""
    title = element.find(f"{CHART}title")
    if title is None:
        title = element.find(f"{CHART}chart/{CHART}title")
    return "" if title is None else _words(title.find(f"{CHART}tx"))


def _words(text: etree._Element | None) -> str:
    """Return the words of a title or a series' name, written out or stored from a cell."""
    if text is None:
        return ""
    paragraphs = ("".join(t.text or "" for t in p.iter(f"{DRAWING}t")) for p in text.iter(f"{DRAWING}p"))
    written = " ".join(" ".join(paragraphs).split())
    return written or " ".join((v.text or "").strip() for v in text.iter(f"{CHART}v")).strip()


def _points(series: etree._Element, *names: str) -> dict[int, str]:
    """Return the stored points by index; of categories in several levels, the outer ones come first."""
    source = next((found for name in names if (found := series.find(CHART + name)) is not None), None)
    if source is None:
        return {}
    levels = list(source.iter(f"{CHART}lvl"))
    if not levels:
        return _stored(source)
    found = _stored(levels[0])
    for level in levels[1:]:
        outer, last = _stored(level), ""
        for index in sorted(found):  # stated only where it changes
            last = outer.get(index, last)
            found[index] = f"{last} {found[index]}".strip()
    return found


def _stored(source: etree._Element) -> dict[int, str]:
    stated = next(source.iter(f"{CHART}formatCode"), None)
    is_number = any(local_name(e) in {"numCache", "numLit"} for e in source.iter())
    code = "" if stated is None else (stated.text or "").lower()
    found = {}
    for point in source.iter(f"{CHART}pt"):
        text = (point.findtext(f"{CHART}v") or "").strip()
        found[whole_number(point.get("idx"), 0)] = _number(text, code) if is_number else text
    return found


def _number(text: str, code: str) -> str:
    """Return a number as it would be written, days as dates."""
    try:
        value = float(text)
    except ValueError:
        return text
    if "yy" in code and 0 < value <= _LAST_DAY:
        return (_DAY_ZERO + timedelta(days=int(value))).isoformat()
    return f"{value * 100:.12g}%" if code.endswith("%") else f"{value:.15g}"
