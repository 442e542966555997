"""What a source is called where people read it: a file's name; for a file in another one, both."""

from __future__ import annotations

from pathlib import PurePath

from ingest.library import Library

_INSIDE = " › "


def source_name(source: str, container: str | None) -> str:
    """The name of a file, or `archive.zip › inner/file.md` for one that lies in `container`."""
    if container is not None and source.startswith(f"{container}/"):
        return PurePath(container).name + _INSIDE + source[len(container) + 1 :]
    return PurePath(source).name or source


def source_names(sources: list[str], library: Library) -> dict[str, str]:
    """The names of several sources of a library; one that it does not know (any more) is named as a file."""
    containers = library.containers_of(sources)
    return {source: source_name(source, containers.get(source)) for source in sources}
