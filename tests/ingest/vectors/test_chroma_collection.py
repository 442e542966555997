from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chromadb
import pytest
from chromadb.config import Settings
from chromadb.errors import NotFoundError

from ingest.vectors.chroma_collection import SEARCH_WIDTH, open_collection

NARROW = {"hnsw": {"space": "cosine", "ef_search": 200}}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Any]:
    opened = chromadb.PersistentClient(str(tmp_path), settings=Settings(anonymized_telemetry=False))
    yield opened
    opened.close()


def width(client: Any) -> int:
    return int(client.get_collection("vectors", embedding_function=None).configuration["hnsw"]["ef_search"])


def test_a_new_collection_is_searched_widely(client: Any) -> None:
    open_collection(client, "vectors", create=True)
    assert width(client) == SEARCH_WIDTH


def test_a_narrow_collection_of_an_earlier_version_is_widened_by_who_may_write(client: Any) -> None:
    client.create_collection("vectors", embedding_function=None, configuration=NARROW)
    open_collection(client, "vectors", create=False)
    assert width(client) == 200, "a reader changes nothing"
    assert open_collection(client, "vectors", create=True).configuration["hnsw"]["space"] == "cosine"
    assert width(client) == SEARCH_WIDTH


def test_a_reader_makes_no_collection(client: Any) -> None:
    with pytest.raises(NotFoundError):
        open_collection(client, "vectors", create=False)
