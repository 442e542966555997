"""A new keyword index made beside the one in use, from the stored text, while searches go on with the old one."""

from collections.abc import Callable

from ingest.catalogue import Catalogue
from ingest.catalogue.keyword_index import indexed_words, insert_keywords
from ingest.catalogue.schema import KEYWORD_INDEX
from ingest.documents import StoredChunk

_NEW = "keyword_index_new"
_TOGETHER = 512  # chunks held in memory at once


class KeywordRebuild:
    """The new index of one version of `keywords.py`. The caller holds the library's writer lock."""

    def __init__(self, catalogue: Catalogue, version: int) -> None:
        self._catalogue = catalogue
        self._version = version

    def run(self, progress: Callable[[int, int], None] | None = None) -> int:
        """Make the new index, and put it in the place of the old one at the end; return how many chunks it has.

        `progress` is called with how many are done and how many there are.
        """
        total = self._catalogue.documents.chunk_count()
        last, done = self._begin()
        while True:
            last, chunks = self._catalogue.chunks.ready_after(last, _TOGETHER)
            if not chunks:
                break
            self._add(chunks)
            done += len(chunks)
            if progress is not None:
                progress(done, total)
        self._exchange()
        return done

    def _begin(self) -> tuple[int, int]:
        """Go on with what an interrupted run made, if nothing changed since; begin anew otherwise.

        Returns:
            The row of the last chunk that is in the new index, and how many are.
        """
        made_for = f"{self._version} {self._catalogue.meta.generation()}"
        if self._catalogue.meta.get("new_keywords") != made_for:
            with self._catalogue.database.transaction() as connection:
                connection.execute(f"DROP TABLE IF EXISTS {_NEW}")
                connection.execute(KEYWORD_INDEX.format(_NEW))
            self._catalogue.meta.set("new_keywords", made_for)
        last, count = self._catalogue.database.rows(f"SELECT COALESCE(MAX(rowid), 0), COUNT(*) FROM {_NEW}")[0]  # noqa: S608
        return int(str(last)), int(str(count))

    def _add(self, chunks: list[StoredChunk]) -> None:
        """Index the words of some chunks."""
        words = indexed_words(chunks)  # before the transaction: it takes a while
        with self._catalogue.database.transaction() as connection:
            insert_keywords(connection, _NEW, words)

    def _exchange(self) -> None:
        with self._catalogue.database.transaction() as connection:
            connection.execute("DROP TABLE keyword_index")
            connection.execute(f"ALTER TABLE {_NEW} RENAME TO keyword_index")
            connection.execute("DELETE FROM meta WHERE key = 'new_keywords'")
