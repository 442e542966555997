"""What there is to filter by, and whether a filter's values exist."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from ingest.catalogue import Catalogue
from ingest.catalogue.document_filter import DocumentFilter, type_of
from ingest.errors import FilterError

_NAMED = 10  # values that a message lists
_OF_READY = "FROM sources s JOIN documents f USING (document_id) WHERE f.state = 'ready' AND f.chunks > 0"


@dataclass(frozen=True, slots=True)
class Facets:
    """The values that the documents of a library have, each with its number of documents, the commonest first.

    `first_day` and `last_day` (`YYYY-MM-DD`, UTC) are those between which files were changed, "" without any.
    """

    folders: Counter[str] = field(default_factory=Counter)
    types: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    tags: Counter[str] = field(default_factory=Counter)
    first_day: str = ""
    last_day: str = ""


def facets_of(catalogue: Catalogue) -> Facets:
    """Count. The cost grows with the number of documents, not with that of passages."""
    documents = catalogue.database.rows(
        "SELECT mime, language, COUNT(*) FROM documents WHERE state = 'ready' AND chunks > 0 GROUP BY mime, language"
    )
    found = Facets()
    for mime, language, count in documents:
        found.types[type_of(str(mime))] += int(str(count))
        if language:
            found.languages[str(language)] += int(str(count))
    for (source,) in catalogue.database.rows(f"SELECT s.source {_OF_READY}"):
        found.folders[str(PurePosixPath(str(source)).parent)] += 1
    with_tags = _OF_READY.replace(" WHERE", ", json_each(s.tags) t WHERE")
    tags = catalogue.database.rows(f"SELECT t.value, COUNT(*) {with_tags} GROUP BY t.value")
    found.tags.update({str(tag): int(str(count)) for tag, count in tags})
    ((first, last),) = catalogue.database.rows(
        f"SELECT MIN(COALESCE(s.modified_at, f.ingested_at)), MAX(COALESCE(s.modified_at, f.ingested_at)) {_OF_READY}"
    )
    return Facets(
        _ordered(found.folders), _ordered(found.types), _ordered(found.languages), _ordered(found.tags),
        str(first or "")[:10], str(last or "")[:10],
    )  # fmt: skip


def choose(catalogue: Catalogue, chosen: DocumentFilter) -> list[str]:
    """Return the ids of the ready documents that a filter leaves.

    Raises:
        FilterError: when one of its values is one that no document has, or no document fits all of them together; the
            message says what there is instead. A library without passages is no error.
    """
    found = _documents(catalogue, chosen)
    for name, value, alone in chosen.single_values():
        if not _documents(catalogue, alone, 1) and catalogue.documents.chunk_count():
            raise FilterError(f"no document has the {name} {value!r}{_instead(catalogue, name)}")
    if not found and catalogue.documents.chunk_count():
        raise FilterError(f"no document fits all of: {chosen.describe()}{_days(catalogue, chosen)}")
    return found


def _documents(catalogue: Catalogue, chosen: DocumentFilter, most: int = -1) -> list[str]:
    condition, parameters = chosen.condition()
    sql = f"SELECT DISTINCT s.document_id {_OF_READY}{' AND ' if condition else ''}{condition} LIMIT ?"
    return [str(row[0]) for row in catalogue.database.rows(sql, *parameters, most)]


def paths_chosen(catalogue: Catalogue, chosen: DocumentFilter, document_ids: Sequence[str]) -> dict[str, str]:
    """Return, for few documents, a path of each that a filter chooses: its own where that one is chosen."""
    condition, parameters = chosen.condition()
    if not condition or not document_ids:
        return {}
    marks = ", ".join("?" * len(document_ids))
    sql = (
        "SELECT s.document_id, s.source FROM sources s JOIN documents f USING (document_id) "  # noqa: S608
        f"WHERE f.document_id IN ({marks}) AND {condition} ORDER BY s.source = f.source, s.source DESC"
    )
    rows = catalogue.database.rows(sql, *document_ids, *parameters)
    return {str(document_id): str(path) for document_id, path in rows}


def containers_of(catalogue: Catalogue, sources: Sequence[str]) -> dict[str, str]:
    """Return, of few paths, the files in which those lie that lie in one."""
    marks = ", ".join("?" * len(sources))
    sql = f"SELECT source, container FROM sources WHERE container IS NOT NULL AND source IN ({marks})"  # noqa: S608
    return {str(source): str(container) for source, container in catalogue.database.rows(sql, *sources)}


def _days(catalogue: Catalogue, chosen: DocumentFilter) -> str:
    if chosen.since is None and chosen.until is None:
        return ""
    facets = facets_of(catalogue)
    return f"; the files were changed between {facets.first_day} and {facets.last_day}"


def _instead(catalogue: Catalogue, name: str) -> str:
    facets = facets_of(catalogue)
    there = {"folder": facets.folders, "type": facets.types, "language": facets.languages, "tag": facets.tags}
    if name == "source":
        return " (`rag list` shows all paths)"
    values = list(there[name])
    if not values:
        return "; none has any"
    more = f", … ({len(values)} in all)" if len(values) > _NAMED else ""
    return f"; there are {', '.join(values[:_NAMED])}{more}"


def _ordered(counts: Counter[str]) -> Counter[str]:
    return Counter(dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))))
