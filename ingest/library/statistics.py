"""What a collection consists of: types, states, languages, lengths of passages."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from ingest.catalogue.document_language import document_language
from ingest.library.library import Library

BIN = 100  # characters: width of a bar of the histogram


@dataclass(slots=True)
class Statistics:
    """Counts over one collection. `lengths` has the number of passages by length in steps of `BIN` characters."""

    documents: int = 0
    failed: int = 0
    paths: int = 0
    chunks: int = 0
    characters: int = 0
    bytes_on_disk: int = 0
    shortest: int = 0
    longest: int = 0
    types: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    lengths: Counter[int] = field(default_factory=Counter)

    def to_dict(self) -> dict[str, Any]:
        """Return the counts for JSON."""
        counts = {f.name: getattr(self, f.name) for f in fields(self)}
        return {
            **counts,
            "types": dict(self.types.most_common()),
            "languages": dict(self.languages.most_common()),
            "lengths": {str(k): v for k, v in sorted(self.lengths.items())},
        }


def statistics_of(library: Library) -> Statistics:
    """Read every document of a library once and count."""
    found = Statistics(paths=len(library.sources()))
    found.bytes_on_disk = sum(p.stat().st_size for p in library.folder.rglob("*") if p.is_file())
    for record in library.documents():
        if record.state != "ready":
            found.failed += record.state == "failed"
            continue
        found.documents += 1
        found.characters += record.characters
        found.types[record.mime or Path(record.source).suffix] += 1
        if record.chunks:
            found.languages[document_language(library.text(record.document_id))] += 1
        lengths = [len(chunk.text) for chunk in library.document_chunks(record.document_id)]
        found.chunks += len(lengths)
        found.lengths.update(length // BIN * BIN for length in lengths)
        found.longest = max(found.longest, *lengths, 0)
        found.shortest = min([*lengths, *([found.shortest] if found.shortest else [])], default=0)
    return found
