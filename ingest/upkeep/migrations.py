"""What is made again from the stored text, or taken over, when a library of an earlier version is opened.

The tables themselves are migrated in `catalogue/schema.py`. Nothing here embeds anything.
"""

from dataclasses import replace
from pathlib import Path

from ingest.catalogue import Catalogue
from ingest.upkeep.fingerprint import Fingerprint
from ingest.upkeep.keyword_rebuild import KeywordRebuild
from ingest.vectors.chroma_folder import ChromaFolder
from ingest.vectors.index import IndexPlace, VectorIndex
from ingest.vectors.table import VectorTable

_OLD_COLLECTION = "chunks"  # in which vectors were kept by the ids of chunks, and nowhere else
_TOGETHER = 1000  # chunks held in memory at once


def is_of_an_earlier_format(catalogue: Catalogue, ours: Fingerprint, stored: Fingerprint) -> bool:
    """Whether there is anything to do before a library can be used."""
    return stored.keywords != ours.keywords or catalogue.meta.get("vectors_to_adopt") is not None


def bring_up_to_date(
    catalogue: Catalogue, table: VectorTable, index: VectorIndex, ours: Fingerprint, folder: Path
) -> None:
    """Make the keyword index anew, and move vectors into the library's file; the caller holds the writer lock.

    For 100,000 chunks that takes about two minutes. A crash costs nothing: the next one who opens it goes on.
    """
    stored = Fingerprint.read(folder)  # somebody else may have done it while we waited for the lock
    if stored.keywords != ours.keywords:
        KeywordRebuild(catalogue, ours.keywords).run()
        replace(stored, keywords=ours.keywords).write(folder)
        catalogue.meta.move_generation()
    if catalogue.meta.get("vectors_to_adopt") is not None:
        adopt_vectors(catalogue, table, index, folder)
        if ours.index is IndexPlace.FOLDER:
            index.drop_others()
        catalogue.meta.set("vectors_to_adopt", None)
        catalogue.meta.move_generation()


def adopt_vectors(catalogue: Catalogue, table: VectorTable, index: VectorIndex, folder: Path) -> None:
    """Copy the vectors that Chroma has by the ids of chunks. What it lacks is missing still, as `rag verify` says."""
    old = ChromaFolder(folder / "chroma", _OLD_COLLECTION)
    last = 0
    try:
        while True:
            last, chunks = catalogue.chunks.ready_after(last, _TOGETHER)
            if not chunks:
                return
            hashes = catalogue.chunks.hashes([chunk.chunk_id for chunk in chunks])
            have = table.have(list(set(hashes.values())))
            wanted = {key: chunk_id for chunk_id, key in hashes.items() if key not in have}
            found = old.vectors(list(wanted.values()))
            vectors = {key: found[i] for key, i in wanted.items() if i in found}
            vectors |= index.get([key for key in wanted if key not in vectors])  # an attempt was interrupted
            vectors = {key: vector for key, vector in vectors.items() if len(vector) == table.dimension}
            if vectors:
                table.store(vectors, index)
    finally:
        old.close()
