import json
import math
from pathlib import Path

from click.testing import CliRunner

from rag_app.cli import main
from rag_app.evaluation.retrieval import metrics


def test_metrics_by_hand() -> None:
    found = metrics(["x", "a", "y", "b"], {"a": 1, "b": 2})
    dcg = 1 / math.log2(3) + 2 / math.log2(5)
    ideal = 2 / math.log2(2) + 1 / math.log2(3)
    assert found == {"ndcg_at_10": dcg / ideal, "recall_at_10": 1.0, "recall_at_100": 1.0, "mrr_at_10": 0.5}


def test_nothing_found_is_zero() -> None:
    assert set(metrics(["x"], {"a": 1}).values()) == {0.0}


def test_the_command_prints_all_three_searches(tmp_path: Path) -> None:
    documents = {
        "d1": "The garage door opens with the code 4711.",
        "d2": "Soup is served at noon.",
        "d3": "会议室在三楼。",
    }
    (tmp_path / "corpus.jsonl").write_text(
        "\n".join(json.dumps({"_id": i, "title": "", "text": t}) for i, t in documents.items())
    )
    (tmp_path / "queries.jsonl").write_text(
        "\n".join(
            json.dumps({"_id": i, "text": t}) for i, t in {"q1": "code of the garage", "q2": "会议室在几楼"}.items()
        )
    )
    (tmp_path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td3\t1\n")
    arguments = ["--corpus", "corpus.jsonl", "--queries", "queries.jsonl", "--qrels", "qrels.tsv"]
    arguments = [str(tmp_path / a) if a.endswith(("jsonl", "tsv")) else a for a in arguments]
    found = CliRunner().invoke(main, ["eval", "retrieval", *arguments, "--json"])
    assert found.exit_code == 0, found.output
    numbers = json.loads(found.stdout)
    assert numbers["n"] == 2
    assert {"dense", "keyword", "fused"} < set(numbers)
    assert numbers["fused"]["ndcg_at_10"] == 1.0
