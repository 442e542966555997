"""MiniLM in our network is MiniLM."""

from __future__ import annotations

import json
import shutil

import pytest
import torch
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel

from model.convert.import_bert import ImportFailed, import_bert, minilm_folder
from model.network.gpt import prefix_mask
from model.tokenizer import TextTokenizer

SENTENCES = [
    "The quick brown fox jumps over the lazy dog.",
    "Employees may carry over up to five days of unused annual leave into the next calendar year.",
    "How long does the battery of the Lumo 2 last when the display is switched off?",
    "No.",
    "In 1687 Isaac Newton published the Principia, which states the laws of motion; it took him 18 months to write.",
]


@pytest.fixture(scope="module")
def peer():
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(minilm_folder()), device="cpu")


@pytest.fixture(scope="module")
def ours():
    gpt = import_bert(minilm_folder()).eval()
    return gpt, TextTokenizer(Tokenizer.from_file(str(minilm_folder() / "tokenizer.json")))


def prompt(tokenizer: TextTokenizer, text: str) -> list[int]:
    return [tokenizer.cls, *tokenizer.encode(text).ids, tokenizer.sep]


@pytest.mark.parametrize("sentence", SENTENCES)
@torch.inference_mode()
def test_hidden_states_equal_sentence_transformers(peer, ours, sentence):
    gpt, tokenizer = ours
    theirs = peer.encode(sentence, output_value="token_embeddings")
    hidden = gpt(gpt.embed(torch.tensor([prompt(tokenizer, sentence)])))[0]
    torch.testing.assert_close(hidden, theirs, atol=1e-5, rtol=0)


@torch.inference_mode()
def test_sentence_embeddings_of_a_padded_batch_equal_sentence_transformers(peer, ours):
    gpt, tokenizer = ours
    prompts = [prompt(tokenizer, s) for s in SENTENCES]
    lengths = torch.tensor([len(p) for p in prompts])
    width = int(lengths.max())
    ids = torch.tensor([p + [tokenizer.pad] * (width - len(p)) for p in prompts])
    hidden = gpt(gpt.embed(ids), mask=prefix_mask(lengths, width))
    kept = prefix_mask(lengths, width)[:, 0, 0, :, None]
    means = torch.nn.functional.normalize((hidden * kept).sum(1) / lengths[:, None], dim=1)
    theirs = peer.encode(SENTENCES, convert_to_tensor=True, normalize_embeddings=True)
    torch.testing.assert_close(means, theirs, atol=1e-5, rtol=0)


@torch.inference_mode()
def test_random_bert_weights_give_transformers_hidden_states(tmp_path):
    torch.manual_seed(0)
    bert = BertModel(
        BertConfig(
            vocab_size=50,
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=48,
            max_position_embeddings=24,
            hidden_act="gelu",
            initializer_range=0.3,
        )
    ).eval()
    bert.save_pretrained(tmp_path)
    gpt = import_bert(tmp_path).eval()
    ids, segments = torch.randint(50, (2, 20)), torch.tensor([[0] * 8 + [1] * 12] * 2)
    theirs = bert(input_ids=ids, token_type_ids=segments).last_hidden_state
    torch.testing.assert_close(gpt(gpt.embed(ids, segments)), theirs, atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    "change", [{"model_type": "roberta"}, {"position_embedding_type": "relative_key"}, {"hidden_act": "relu"}]
)
def test_a_variant_that_would_compute_another_function_is_refused(tmp_path, change):
    config = json.loads((minilm_folder() / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | change))
    with pytest.raises(ImportFailed, match=r"only BERT|activation"):
        import_bert(tmp_path)


def test_pickled_weights_are_not_loaded(tmp_path):
    shutil.copy(minilm_folder() / "config.json", tmp_path)
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(ImportFailed, match="only safetensors"):
        import_bert(tmp_path)
