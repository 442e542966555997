"""A language model in our network gives the logits that transformers gives."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from model.checkpoint import load_checkpoint, save_checkpoint
from model.convert.import_causal import ImportFailed, import_causal, stop_ids
from model.generate import generate
from model.network.gpt import causal_mask

VOCABULARY = 300


def gpt2(**changes):
    shape = {"vocab_size": VOCABULARY, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 32}
    return GPT2LMHeadModel(GPT2Config(**(shape | {"initializer_range": 0.3} | changes)))


def llama(make=LlamaForCausalLM, config=LlamaConfig, **changes):
    shape = {
        "vocab_size": VOCABULARY,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "intermediate_size": 48,
        "max_position_embeddings": 64,
        "head_dim": 8,
    }
    return make(config(**(shape | {"initializer_range": 0.3} | changes)))


def qwen2(**changes):
    return llama(Qwen2ForCausalLM, Qwen2Config, **changes)


def written(network, folder, **options):
    """Random weights, biases included, as a Hugging Face folder with a byte-level tokenizer."""
    generator = torch.Generator().manual_seed(1)
    for name, parameter in network.named_parameters():
        if name.endswith(".bias"):
            torch.nn.init.normal_(parameter, std=0.3, generator=generator)
    network.eval().save_pretrained(folder, **options)
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: i for i, letter in enumerate(letters)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<|end|>"])
    tokenizer.save(str(folder / "tokenizer.json"))
    return network


NETWORKS = {
    "gpt2": gpt2,
    "gpt2 untied": lambda: gpt2(tie_word_embeddings=False),
    "gpt2 exact gelu": lambda: gpt2(activation_function="gelu", n_inner=40),
    "llama": llama,
    "llama grouped queries": lambda: llama(num_key_value_heads=2),
    "llama tied": lambda: llama(tie_word_embeddings=True),
    "llama theta": lambda: llama(rope_parameters={"rope_type": "default", "rope_theta": 500_000.0}),
    "llama biases": lambda: llama(attention_bias=True, mlp_bias=True),
    "qwen2": lambda: qwen2(num_key_value_heads=1),
}


@pytest.mark.parametrize("name", NETWORKS)
@torch.inference_mode()
def test_logits_equal_transformers(tmp_path, name):
    torch.manual_seed(0)
    peer = written(NETWORKS[name](), tmp_path)
    gpt, _ = import_causal(tmp_path)
    ids = torch.randint(VOCABULARY, (2, 30))
    ours = gpt.logits(gpt(gpt.embed(ids), mask=causal_mask(30)))
    torch.testing.assert_close(ours, peer(ids).logits, atol=1e-4, rtol=0)


@pytest.mark.parametrize("name", ["gpt2", "llama grouped queries", "qwen2"])
def test_greedy_text_equals_transformers(tmp_path, name):
    torch.manual_seed(0)
    peer = written(NETWORKS[name](), tmp_path)
    gpt, _ = import_causal(tmp_path)
    theirs = peer.generate(torch.tensor([[5, 6, 7]]), max_new_tokens=12, do_sample=False, eos_token_id=None)
    assert list(generate(gpt, [5, 6, 7], max_new_tokens=12)) == theirs[0, 3:].tolist()


def test_sharded_weights_are_joined(tmp_path):
    written(llama(), tmp_path / "shards", max_shard_size="20KB")
    assert (tmp_path / "shards" / "model.safetensors.index.json").exists()
    gpt, _ = import_causal(tmp_path / "shards")
    assert gpt.config.language_model
    assert gpt.config.attention == "causal"


def test_a_shard_outside_the_folder_is_not_read(tmp_path):
    written(llama(), tmp_path, max_shard_size="20KB")
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"lm_head.weight": "../secret.safetensors"}}))
    with pytest.raises(ImportFailed, match="secret"):
        import_causal(tmp_path)


def test_half_precision_weights_become_float32(tmp_path):
    written(llama().bfloat16(), tmp_path)
    gpt, _ = import_causal(tmp_path)
    assert {p.dtype for p in gpt.parameters()} == {torch.float32}


@pytest.mark.parametrize("name", ["gpt2", "llama", "qwen2"])
def test_an_imported_model_survives_our_checkpoint(tmp_path, name):
    written(NETWORKS[name](), tmp_path / "theirs")
    gpt, tokenizer = import_causal(tmp_path / "theirs")
    save_checkpoint(tmp_path / "ours", gpt, tokenizer)
    again, words = load_checkpoint(tmp_path / "ours")
    assert all(torch.equal(t, again.state_dict()[n]) for n, t in gpt.state_dict().items())
    assert words.encode("Ａ圖 café").ids == tokenizer.encode("Ａ圖 café").ids


def test_an_imported_tokenizer_folds_nothing_and_reads_markers_in_text_as_text(tmp_path):
    written(gpt2(), tmp_path)
    _, tokenizer = import_causal(tmp_path)
    assert tokenizer.fold("Ａ圖") == "Ａ圖"
    assert tokenizer.cls is None
    assert tokenizer.special("<|end|>") not in tokenizer.encode("a <|end|> b").ids


@pytest.mark.parametrize(
    ("network", "change", "named"),
    [
        (llama, {"rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 1e4}}, "rotary"),
        (llama, {"rope_parameters": None, "rope_scaling": {"type": "dynamic", "factor": 2.0}}, "rotary"),
        (llama, {"hidden_act": "gelu"}, "hidden_act"),
        (llama, {"head_dim": 16}, "head_dim"),
        (llama, {"model_type": "mixtral"}, "mixtral"),
        (llama, {"quantization_config": {"bits": 4}}, "quantization_config"),
        (llama, {"intermediate_size": 50}, "do not fit"),
        (llama, {"num_hidden_layers": 1}, "no place for model.layers.1"),
        (llama, {"num_hidden_layers": 3}, "missing"),
        (qwen2, {"use_sliding_window": True}, "use_sliding_window"),
        (qwen2, {"layer_types": ["full_attention", "sliding_attention"]}, "full attention"),
        (gpt2, {"scale_attn_by_inverse_layer_idx": True}, "scale_attn"),
        (gpt2, {"activation_function": "relu"}, "activation_function"),
        (gpt2, {"vocab_size": None}, "vocab_size"),
    ],
)
def test_what_we_cannot_represent_is_refused_by_name(tmp_path, network, change, named):
    written(network(), tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | change))
    with pytest.raises(ImportFailed, match=named):
        import_causal(tmp_path)


def test_tensors_without_a_place_are_refused_even_if_the_config_hides_them(tmp_path):
    written(llama(Qwen3ForCausalLM, Qwen3Config), tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"model_type": "llama"}))
    with pytest.raises(ImportFailed, match=r"k_norm"):
        import_causal(tmp_path)


def test_constant_buffers_of_old_gpt2_files_are_ignored(tmp_path):
    written(gpt2(), tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    weights["transformer.h.0.attn.bias"] = torch.ones(1, 1, 32, 32)
    save_file({n.removeprefix("transformer."): t for n, t in weights.items()}, tmp_path / "model.safetensors")
    assert import_causal(tmp_path)[0].config.n_layer == 2


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_an_incomplete_folder_names_what_is_missing(tmp_path, name):
    written(llama(), tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(ImportFailed, match=name):
        import_causal(tmp_path)


@pytest.mark.parametrize(("stored", "expected"), [(7, (7,)), ([7, 9], (7, 9)), (None, ())])
def test_stop_ids_come_from_the_generation_config(tmp_path, stored, expected):
    (tmp_path / "generation_config.json").write_text(json.dumps({"eos_token_id": stored}))
    assert stop_ids(tmp_path) == expected
