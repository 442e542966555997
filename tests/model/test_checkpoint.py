"""A folder gives back the network that was put into it, or says what is wrong with it."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from model.checkpoint import CheckpointError, load_checkpoint, save_checkpoint


@pytest.fixture
def gpt(make_gpt, tokenizer):
    return make_gpt(vocab_size=tokenizer.vocab_size)


def test_float32_comes_back_exactly(gpt, tokenizer, tmp_path):
    save_checkpoint(tmp_path, gpt, tokenizer)
    again, words = load_checkpoint(tmp_path)
    assert again.config == gpt.config
    assert all(torch.equal(t, again.state_dict()[n]) for n, t in gpt.state_dict().items())
    assert words.encode("圖書館").ids == tokenizer.encode("圖書館").ids


def is_rounded(name, tensor):
    """Whether a weight is stored as int8: a matrix of the trunk that is not very small."""
    return tensor.dim() == 2 and min(tensor.shape) >= 32 and not name.startswith("copy_head.")


def test_small_storage_rounds_each_row_of_a_matrix_by_at_most_half_a_step(gpt, tokenizer, tmp_path):
    save_checkpoint(tmp_path, gpt, tokenizer, storage="small")
    again = load_checkpoint(tmp_path)[0].state_dict()
    rounded = {n: t for n, t in gpt.state_dict().items() if is_rounded(n, t)}
    assert {"tokens.weight", "blocks.1.attention.q.weight", "blocks.0.mlp.down.weight"} <= set(rounded)
    for name, matrix in rounded.items():
        half_a_step = matrix.abs().amax(1) / 127 / 2
        assert ((again[name] - matrix).abs().amax(1) <= half_a_step * 1.001).all(), name


def test_small_storage_keeps_other_matrices_to_half_precision_and_vectors_exactly(gpt, tokenizer, tmp_path):
    save_checkpoint(tmp_path, gpt, tokenizer, storage="small")
    again = load_checkpoint(tmp_path)[0].state_dict()
    for name, tensor in gpt.state_dict().items():
        if tensor.dim() == 1:
            assert torch.equal(again[name], tensor), name
        elif not is_rounded(name, tensor):
            torch.testing.assert_close(again[name], tensor, rtol=2**-11, atol=1e-7)


def test_small_storage_changes_what_the_network_computes_by_little(gpt, tokenizer, tmp_path):
    save_checkpoint(tmp_path, gpt, tokenizer, storage="small")
    again, _ = load_checkpoint(tmp_path)
    ids = torch.arange(40)[None] * 700
    with torch.inference_mode():
        exact, rounded = gpt(gpt.embed(ids)), again(again.embed(ids))
    assert not torch.equal(exact, rounded)
    assert (exact - rounded).norm() < 0.05 * exact.norm()


@pytest.mark.parametrize("storage", ["float32", "small"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_classes_of_tokens_come_back_exactly(make_gpt, tokenizer, tmp_path, storage, dtype):
    gpt = make_gpt(vocab_size=tokenizer.vocab_size, match_features=True, n_segments=4)
    gpt.match_classes.copy_(torch.randint(tokenizer.vocab_size, gpt.match_classes.shape))
    save_checkpoint(tmp_path, gpt, tokenizer, storage=storage)
    again, _ = load_checkpoint(tmp_path, dtype)
    assert torch.equal(again.match_classes, gpt.match_classes) and again.match_classes.dtype == torch.int32


def test_a_reader_stored_before_there_were_classes_matches_each_token_with_itself(make_gpt, tokenizer, tmp_path):
    gpt = make_gpt(vocab_size=tokenizer.vocab_size, match_features=True)
    save_checkpoint(tmp_path, gpt, tokenizer)
    weights = load_file(tmp_path / "model.safetensors")
    del weights["match_classes"]
    save_file(weights, tmp_path / "model.safetensors")
    again, _ = load_checkpoint(tmp_path)
    assert again.config.n_segments == 2
    assert torch.equal(again.match_classes, torch.arange(tokenizer.vocab_size, dtype=torch.int32))
    ids, segments = torch.tensor([[5, 9, 7, 9, 5]]), torch.tensor([[0, 0, 0, 1, 1]])
    assert torch.equal(again.embed(ids, segments), gpt.embed(ids, segments))


def test_small_storage_takes_less_than_a_third(gpt, tokenizer, tmp_path):
    save_checkpoint(tmp_path / "full", gpt, tokenizer)
    save_checkpoint(tmp_path / "small", gpt, tokenizer, storage="small")
    full, small = ((tmp_path / n / "model.safetensors").stat().st_size for n in ("full", "small"))
    assert small < full / 3


def test_a_row_of_zeros_stays_zeros_in_small_storage(gpt, tokenizer, tmp_path):
    with torch.no_grad():
        gpt.tokens.weight[7] = 0
    save_checkpoint(tmp_path, gpt, tokenizer, storage="small")
    assert load_checkpoint(tmp_path)[0].tokens.weight[7].eq(0).all()


def test_a_small_checkpoint_loaded_and_stored_small_again_does_not_drift(gpt, tokenizer, tmp_path):
    save_checkpoint(tmp_path / "a", gpt, tokenizer, storage="small")
    once, _ = load_checkpoint(tmp_path / "a")
    save_checkpoint(tmp_path / "b", once, tokenizer, storage="small")
    twice, _ = load_checkpoint(tmp_path / "b")
    torch.testing.assert_close(twice.tokens.weight, once.tokens.weight, atol=1e-6, rtol=1e-6)


def test_a_loaded_network_is_ready_to_answer(gpt, tokenizer, tmp_path):
    save_checkpoint(tmp_path, gpt.train(), tokenizer, storage="small")
    again, _ = load_checkpoint(tmp_path)
    assert not again.training
    assert {p.dtype for p in again.parameters()} == {torch.float32}


@pytest.mark.parametrize("storage", ["float32", "small"])
def test_norms_and_the_copy_head_stay_float32_whatever_the_matrices_are_loaded_as(gpt, tokenizer, tmp_path, storage):
    save_checkpoint(tmp_path, gpt, tokenizer, storage=storage)
    exact = load_checkpoint(tmp_path)[0].state_dict()
    for name, tensor in load_checkpoint(tmp_path, torch.bfloat16)[0].state_dict().items():
        kept = "norm" in name or name.startswith("copy_head")
        assert torch.equal(tensor, exact[name] if kept else exact[name].bfloat16()), name


def test_loaded_weights_are_not_a_view_of_the_file(gpt, tokenizer, tmp_path):
    save_checkpoint(tmp_path, gpt, tokenizer)
    again, _ = load_checkpoint(tmp_path)
    file = tmp_path / "model.safetensors"
    with file.open("r+b") as f:
        f.write(bytes(file.stat().st_size))
    assert all(torch.equal(t, again.state_dict()[n]) for n, t in gpt.state_dict().items())


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_missing_file_is_named(gpt, tokenizer, tmp_path, name):
    save_checkpoint(tmp_path, gpt, tokenizer)
    (tmp_path / name).unlink()
    with pytest.raises(CheckpointError, match=name):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json", "fold.json"])
@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00garbage", b"[1, 2]"])
def test_a_damaged_file_is_a_clear_error(gpt, tokenizer, tmp_path, name, content):
    save_checkpoint(tmp_path, gpt, tokenizer)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CheckpointError, match=str(tmp_path)):
        load_checkpoint(tmp_path)


def test_a_cut_off_weights_file_is_a_clear_error(gpt, tokenizer, tmp_path):
    save_checkpoint(tmp_path, gpt, tokenizer)
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="do not fit"):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize("change", [{"n_layer": 3}, {"n_embd": 64}, {"copy_head": False}, {"surprise": 1}, {"mlp": 5}])
def test_weights_of_another_shape_are_a_clear_error(gpt, tokenizer, tmp_path, change):
    save_checkpoint(tmp_path, gpt, tokenizer)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | change))
    with pytest.raises(CheckpointError, match="do not fit their config"):
        load_checkpoint(tmp_path)


def test_a_tokenizer_larger_than_the_network_is_a_clear_error(make_gpt, tokenizer, tmp_path):
    save_checkpoint(tmp_path, make_gpt(vocab_size=100), tokenizer)
    with pytest.raises(CheckpointError, match="the network 100"):
        load_checkpoint(tmp_path)


def test_a_missing_tensor_is_named(gpt, tokenizer, tmp_path):
    save_checkpoint(tmp_path, gpt, tokenizer)
    weights = load_file(tmp_path / "model.safetensors")
    del weights["copy_head.stop.bias"]
    save_file(weights, tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match=r"copy_head\.stop\.bias"):
        load_checkpoint(tmp_path)


class Explosive:
    """What a pickle could do on loading."""

    def __reduce__(self):
        return (exec, ("raise SystemExit('a pickle was loaded')",))


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "training_args.bin"])
def test_pickles_beside_the_weights_are_never_opened(gpt, tokenizer, tmp_path, name):
    save_checkpoint(tmp_path, gpt, tokenizer)
    torch.save(Explosive(), tmp_path / name)
    load_checkpoint(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"model\.safetensors"):
        load_checkpoint(tmp_path)
