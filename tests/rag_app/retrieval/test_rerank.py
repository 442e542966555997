"""A real, tiny cross-encoder made here: it judges by a word that both texts have."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification, BertModel, BertTokenizerFast

from ingest.library import Library
from rag_app.retrieval.rerank import CrossEncoderReranker, RerankerError, cross_encoder
from rag_app.retrieval.retriever import LibraryRetriever
from rag_app.settings import Settings

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "soup"]


def saved(folder: Path, labels: int = 1, *, bare: bool = False) -> Path:
    """Save a cross-encoder whose number for a pair grows with the share of "soup" in it."""
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(WORDS))
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8,
        num_labels=labels, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    torch.manual_seed(0)
    if bare:
        BertModel(config).save_pretrained(folder)
        return folder
    model = BertForSequenceClassification(config)
    with torch.no_grad():
        bert = model.bert
        for table in (bert.embeddings.position_embeddings, bert.embeddings.token_type_embeddings):
            table.weight.zero_()
        bert.embeddings.word_embeddings.weight.zero_()
        bert.embeddings.word_embeddings.weight[:, 1] = 1.0
        bert.embeddings.word_embeddings.weight[WORDS.index("soup")] = torch.tensor([9.0] + [0.0] * 7)
        attention = bert.encoder.layer[0].attention
        attention.self.query.weight.zero_()  # all words count the same
        attention.self.value.weight.copy_(torch.eye(8))
        attention.output.dense.weight.copy_(4 * torch.eye(8))
        bert.pooler.dense.weight.copy_(torch.eye(8))
        model.classifier.weight.zero_()
        model.classifier.weight[:, 0] = 1.0
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("rerank") / "tiny")


def test_the_model_judges_pairs(folder: Path) -> None:
    few, many, none = CrossEncoderReranker(str(folder)).scores("what?", ["soup a a a", "soup soup soup", "a a a a"])
    assert many > few > none
    assert CrossEncoderReranker(str(folder)).scores("what?", []) == []


def test_the_best_hits_come_in_its_order_and_the_scores_stay_in_bounds(library: Library, folder: Path) -> None:
    question = "What is the access code of the garage?"
    plain = LibraryRetriever(library=library, k=3).invoke(question)
    reranked = LibraryRetriever(library=library, k=3, reranker=cross_encoder(str(folder))).invoke(question)
    assert plain[0].metadata["source"] == "garage.txt"
    assert reranked[0].metadata["source"] == "canteen.txt"  # the one with soup
    assert {d.id for d in plain} == {d.id for d in reranked}
    scores = [d.metadata["score"] for d in reranked]
    assert scores[0] == 1.0 and scores == sorted(scores, reverse=True) and all(0 <= s <= 1 for s in scores)


def test_a_long_passage_is_cut_not_refused(folder: Path) -> None:
    (score,) = CrossEncoderReranker(str(folder)).scores("soup?", ["soup " * 5000])
    assert score > 0


def test_what_cannot_be_used_is_said_with_what_to_do(tmp_path: Path) -> None:
    damaged = saved(tmp_path / "damaged")
    (damaged / "model.safetensors").write_bytes(b"no weights")
    (tmp_path / "empty").mkdir()
    for name, message in (
        ("nobody/nothing", "hf download nobody/nothing"),
        (str(tmp_path / "empty"), "no config.json"),
        (str(damaged), "cannot be loaded"),
        (str(saved(tmp_path / "labels", 3)), "gives 3 numbers"),
        (str(saved(tmp_path / "bare", bare=True)), "not a cross-encoder"),
    ):
        with pytest.raises(RerankerError, match=message):
            CrossEncoderReranker(name)


def test_the_setting_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("RAG_RERANKER", str(folder))
    assert Settings.from_environment().reranker == str(folder)
