import json
import lzma
import math
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from ingest.embedding.embedder import LocalEmbedder
from rag_app.cli import main
from rag_app.evaluation.retrieval import SEARCHES, evaluate, metrics, search
from rag_app.evaluation.retrieval_sets import read_beir_folder, read_question_files
from rag_app.evaluation.temporary_library import temporary_library
from rag_app.retrieval.retriever import LibraryRetriever

DOCUMENTS = {
    "d1": "The garage door opens with the code 4711.",
    "d2": "Soup is served at noon.",
    "d3": "会议室在三楼。",
}
QUERIES = {"q1": "code of the garage", "q2": "会议室在几楼", "q3": "nobody judged this"}
QRELS = "query-id\tcorpus-id\tscore\nq1\td1\t1\nq1\td2\t0\nq2\td3\t1\n"


def write_lines(path: Path, rows: Sequence[dict[str, object]]) -> Path:
    text = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(lzma.compress(text.encode()) if path.suffix == ".xz" else text.encode())
    return path


@pytest.fixture
def beir(tmp_path: Path) -> Path:
    documents = [{"_id": i, "title": "", "text": t} for i, t in DOCUMENTS.items()]
    write_lines(tmp_path / "tiny" / "corpus.jsonl.xz", documents)
    write_lines(tmp_path / "tiny" / "queries.jsonl", [{"_id": i, "text": t} for i, t in QUERIES.items()])
    (tmp_path / "tiny" / "qrels.tsv").write_text(QRELS)
    return tmp_path / "tiny"


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    rows = [
        {"id": "1", "context": DOCUMENTS["d1"], "question": "Which code opens the garage?", "answers": ["4711"]},
        {"id": "2", "context": DOCUMENTS["d3"], "question": "会议室在几楼？", "answers": ["三楼"]},
        {"id": "3", "context": DOCUMENTS["d2"], "question": "Who cooks?", "answers": [], "is_impossible": True},
    ]
    return write_lines(tmp_path / "asked.jsonl", rows)


def test_metrics_by_hand() -> None:
    found = metrics(["x", "a", "y", "b"], {"a": 1, "b": 2})
    dcg = 1 / math.log2(3) + 2 / math.log2(5)
    ideal = 2 / math.log2(2) + 1 / math.log2(3)
    assert found == {"ndcg_at_10": dcg / ideal, "recall_at_10": 1.0, "recall_at_100": 1.0, "mrr_at_10": 0.5}


def test_nothing_found_is_zero() -> None:
    assert set(metrics(["x"], {"a": 1}).values()) == {0.0}


def test_a_folder_may_be_compressed_and_only_judged_queries_are_asked(beir: Path) -> None:
    collection = read_beir_folder(beir)
    assert collection.documents["d2"] == ("", DOCUMENTS["d2"])
    (query_set,) = collection.query_sets
    assert query_set.name == "tiny" and list(query_set.queries) == ["q1", "q2"]
    assert query_set.judged["q1"] == {"d1": 1}
    assert list(query_set.first(1).queries) == ["q1"]


def test_passages_of_several_files_are_one_collection(questions: Path, tmp_path: Path) -> None:
    more = write_lines(
        tmp_path / "more.jsonl",
        [{"context": "Another.", "question": "", "answers": []}] * 2
        + [{"context": DOCUMENTS["d1"], "question": "Door?", "answers": ["code"]}],
    )
    collection = read_question_files([questions], [more])
    assert {text for _, text in collection.documents.values()} == {*DOCUMENTS.values(), "Another."}
    (query_set,) = collection.query_sets
    assert list(query_set.queries) == ["1", "2"]
    ((relevant, _),) = query_set.judged["2"].items()
    assert collection.documents[relevant][1] == DOCUMENTS["d3"]


def test_fused_is_what_the_product_ranks(beir: Path) -> None:
    collection = read_beir_folder(beir)
    with temporary_library(collection.documents, LocalEmbedder(), quiet=True) as library:
        asked = search(library, collection.query_sets[0], quiet=True)
        retriever = LibraryRetriever(library=library)
        for query, found in zip(QUERIES.values(), asked, strict=False):
            assert SEARCHES["fused"](found) == found.documents(retriever.search(query, 10))
    assert set(evaluate(asked)) == {"dense", "keyword", "rrf", "min-max", "fused"}


def test_the_command_compares_searches_of_one_set(beir: Path, tmp_path: Path) -> None:
    arguments = ["--queries", str(beir / "queries.jsonl"), "--qrels", str(beir / "qrels.tsv")]
    arguments += ["--corpus", str(beir / "corpus.jsonl.xz"), "--cache", str(tmp_path / "cache"), "--json"]
    found = CliRunner().invoke(main, ["eval", "retrieval", *arguments])
    assert found.exit_code == 0, found.output
    numbers = json.loads(found.stdout)
    assert numbers["n"] == 2
    assert numbers["fused"]["ndcg_at_10"] == 1.0
    assert json.loads(CliRunner().invoke(main, ["eval", "retrieval", *arguments]).stdout) == numbers


def test_the_command_learns_weights_over_several_sets(beir: Path, questions: Path) -> None:
    arguments = ["eval", "retrieval", "--set", str(beir), "--file", str(questions), "--learn-weights"]
    found = CliRunner().invoke(main, [*arguments, "--json"])
    assert found.exit_code == 0, found.output
    numbers = json.loads(found.stdout)
    assert set(numbers["sets"]) == {"tiny", "asked"} and numbers["sets"]["asked"]["n"] == 2
    assert set(numbers["learned"]["weights"]) == {"en", "zh"}
    assert set(numbers["learned"]["held_out"]["zh"]) == {"tiny", "asked"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--set FOLDER"),
        (["--corpus", "x.jsonl"], "belong together"),
        (["--set", "no such folder"], "holds no corpus.jsonl"),
        (["--file", "none.jsonl"], "none.jsonl"),
    ],
)
def test_wrong_use_says_what_is_missing(arguments: list[str], message: str) -> None:
    found = CliRunner().invoke(main, ["eval", "retrieval", *arguments])
    assert found.exit_code == 2
    assert message in found.output
