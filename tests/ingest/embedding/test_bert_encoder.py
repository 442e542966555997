import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from ingest.embedding.bert_encoder import TOKENS_AT_ONCE, BertEncoder, _batches
from ingest.embedding.bert_folder import BertSettings
from ingest.embedding.embedder import EmbedderError, LocalEmbedder
from ingest.resources import shipped

TEXTS = [
    "How long is the WARRANTY, naïve café?", "", "水泵每两周清洗一次。", "  繁體字　ＡＢＣ１２３ ", "a" * 300,
    "word " * 600, *("the pump is cleaned " * n for n in range(1, 60, 7)), "图书馆几点开门？" * 30,
]  # fmt: skip


def both(folder: Path, texts: list[str]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Vectors by this program, and by sentence-transformers in float32."""
    settings = BertSettings.of(folder)
    assert settings is not None
    theirs = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    expected = theirs.encode(texts, normalize_embeddings=True, show_progress_bar=False)
    return BertEncoder(folder, settings).embed_documents(texts), np.asarray(expected)


@pytest.mark.parametrize("name", ["bilingual-minilm", "all-MiniLM-L6-v2"])
def test_vectors_are_those_of_sentence_transformers(name: str) -> None:
    ours, theirs = both(LocalEmbedder(name).folder, TEXTS)
    assert ours.shape == theirs.shape and ours.dtype == np.float32
    assert (ours * theirs).sum(1).min() > 0.9995


def test_in_float32_they_are_the_same_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model.network.precision.fast_bfloat16", lambda: False)
    ours, theirs = both(shipped("models/embedder"), TEXTS)
    assert np.allclose(ours, theirs, atol=1e-5)


def test_a_folder_that_todays_sentence_transformers_writes_is_read(tmp_path: Path) -> None:
    SentenceTransformer(str(shipped("models/embedder")), device="cpu").save(str(tmp_path))
    ours, theirs = both(tmp_path, TEXTS[:4])
    assert (ours * theirs).sum(1).min() > 0.9995


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    shutil.copytree(shipped("models/embedder"), tmp_path / "model")
    assert BertSettings.of(tmp_path / "model") == BertSettings(width=384, longest=384)
    yield tmp_path / "model"


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("config.json", {"model_type": "roberta"}),
        ("config.json", {"position_embedding_type": "relative_key"}),
        ("config.json", {"hidden_act": "gelu_new"}),
        ("sentence_bert_config.json", {"do_lower_case": True}),
        ("sentence_bert_config.json", {"max_seq_length": 1000}),
        ("sentence_bert_config.json", {"query_length": 32}),
        ("1_Pooling/config.json", {"pooling_mode_cls_token": True}),
        ("1_Pooling/config.json", {"pooling_mode": "cls"}),
        ("config_sentence_transformers.json", {"prompts": {"query": "query: "}}),
        ("tokenizer_config.json", {"tokenizer_class": "XLMRobertaTokenizer"}),
        ("tokenizer_config.json", {"tokenizer_class": "BertTokenizer"}),  # which would drop the stored NFKC
    ],
)
def test_any_other_model_is_left_to_sentence_transformers(folder: Path, file: str, change: dict[str, object]) -> None:
    merge(folder / file, change)
    assert BertSettings.of(folder) is None


def test_more_modules_are_left_to_sentence_transformers(folder: Path) -> None:
    modules = json.loads((folder / "modules.json").read_text())
    (folder / "modules.json").write_text(json.dumps([*modules, {**modules[1], "type": "x.Dense"}]))
    assert BertSettings.of(folder) is None


def test_a_query_prompt_is_honoured(folder: Path) -> None:
    plain = LocalEmbedder(str(folder)).embed_query("a question")
    merge(folder / "config_sentence_transformers.json", {"prompts": {"query": "query: ", "document": ""}})
    prompted = LocalEmbedder(str(folder))
    assert prompted.embed_query("a question") @ plain < 0.99
    assert prompted.embed_documents(["a question"])[0] @ plain > 0.999


@pytest.mark.parametrize("file", ["model.safetensors", "tokenizer.json"])
def test_a_damaged_file_is_an_error_that_names_the_folder(folder: Path, file: str) -> None:
    whole = (folder / file).read_bytes()
    (folder / file).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(EmbedderError, match="cannot be loaded"):
        LocalEmbedder(str(folder)).embed_query("x")


def test_weights_of_other_sizes_are_an_error(folder: Path) -> None:
    merge(folder / "config.json", {"hidden_size": 768})
    with pytest.raises(EmbedderError, match="other sizes"):
        LocalEmbedder(str(folder)).embed_query("x")


def test_batches_are_bounded_and_hold_every_text_once() -> None:
    lengths = [int(n) for n in np.random.default_rng(0).integers(2, 385, 300)]
    batches = list(_batches(lengths, 384))
    assert sorted(place for places, _ in batches for place in places) == list(range(300))
    for places, width in batches:
        assert max(lengths[place] for place in places) <= width <= 384 and width % 16 == 0
        assert len(places) * width <= TOKENS_AT_ONCE
    assert list(_batches([], 384)) == []
    assert list(_batches([100], 100)) == [([0], 100)]


GROWTH = """
import random, sys
import psutil
from ingest.embedding.embedder import LocalEmbedder
chosen, embedder, after = random.Random(0), LocalEmbedder(), []
for group in range(6):
    texts = ["".join(chosen.choices("的一是水泵清洗阀", k=chosen.randrange(20, 360))) for _ in range(32)]
    embedder.embed_documents(texts)
    after.append(psutil.Process().memory_info().rss / 1e6)
print(after[1], max(after))
"""


@pytest.mark.skipif(platform.system() != "Linux", reason="resident memory means something else elsewhere")
def test_memory_does_not_grow_with_the_number_of_texts() -> None:
    done = subprocess.run([sys.executable, "-c", GROWTH], check=True, capture_output=True, text=True)
    second, most = map(float, done.stdout.split())
    assert most - second < 120  # float32 takes up to 64 until its buffers have found their sizes, bfloat16 20
    assert most < 700  # with sentence-transformers imported there would be as much before the first text


def test_sentence_transformers_is_not_imported_for_the_shipped_model() -> None:
    code = (
        "import sys; from ingest.embedding.embedder import LocalEmbedder as E; E().embed_query('x');"
        "print([m for m in ('sentence_transformers', 'transformers', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def merge(path: Path, change: dict[str, object]) -> None:
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.write_text(json.dumps({**before, **change}), encoding="utf-8")
