"""The number format is chosen by what the processor can do and, with AVX512-BF16 alone, by one remembered timing."""

from __future__ import annotations

import json
import math

import pytest
import torch

from model.network import precision
from model.network.precision import SPEEDUPS_FILE, NumberFormat, fast_precision, number_format, reading_dtype


@pytest.fixture(autouse=True)
def cache_folder(monkeypatch, tmp_path):
    """A home of its own; what this process has chosen already is forgotten before and after."""
    monkeypatch.setattr(precision, "user_cache_path", lambda name: tmp_path / name)
    number_format.cache_clear()
    yield tmp_path / "quoted-rag"
    number_format.cache_clear()


@pytest.fixture
def processor(monkeypatch):
    """Pretend to run on a processor; returns the list of its timings, one for each time that it was measured."""

    def become(*, amx=False, avx512=False, onednn=True, speedup=math.nan, name="EPYC 9654"):
        timings = []
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512)
        monkeypatch.setattr(precision, "onednn_multiplies_bfloat16", lambda: onednn)
        monkeypatch.setattr(precision, "_processor", lambda: name)
        monkeypatch.setattr(precision, "measured_speedup", lambda: timings.append(speedup) or speedup)
        number_format.cache_clear()
        return timings

    return become


@pytest.mark.parametrize(
    ("features", "dtype", "reason"),
    [
        ({}, torch.float32, "neither AMX nor AVX512-BF16"),
        ({"amx": True, "avx512": True}, torch.bfloat16, "AMX"),
        ({"amx": True, "onednn": False}, torch.float32, "this build of torch"),
        ({"avx512": True, "onednn": False}, torch.float32, "this build of torch"),
    ],
    ids=["neither", "AMX", "AMX without oneDNN", "AVX512-BF16 without oneDNN"],
)
def test_where_the_processor_decides_nothing_is_measured_or_written(processor, cache_folder, features, dtype, reason):
    timings = processor(**features)
    assert number_format().dtype == dtype
    assert reason in number_format().reason
    assert timings == []
    assert not cache_folder.exists()


@pytest.mark.parametrize(("speedup", "dtype"), [(0.66, torch.float32), (1.49, torch.float32), (1.5, torch.bfloat16)])
def test_with_avx512_alone_bfloat16_must_be_one_and_a_half_times_as_fast(processor, speedup, dtype):
    processor(avx512=True, speedup=speedup)
    assert number_format().dtype == dtype
    assert f"AVX512-BF16 was measured {speedup:.2f} times as fast" in number_format().reason


def test_a_measurement_is_made_once_for_each_processor_and_release_of_torch(processor, cache_folder, monkeypatch):
    timings = processor(avx512=True, speedup=3.9)
    assert number_format() == number_format()
    assert timings == [3.9]
    timings = processor(avx512=True, speedup=0.1)
    assert number_format().dtype == torch.bfloat16
    assert timings == [], "the next process knows what the first one measured"
    timings = processor(avx512=True, speedup=1.1, name="EPYC 9755")
    assert number_format().dtype == torch.float32, "another machine with the same home"
    assert timings == [1.1]
    monkeypatch.setattr(torch, "__version__", "9.0")
    timings = processor(avx512=True, speedup=2.0)
    assert number_format().dtype == torch.bfloat16
    assert timings == [2.0]
    assert list(cache_folder.iterdir()) == [cache_folder / SPEEDUPS_FILE]
    assert list(json.loads((cache_folder / SPEEDUPS_FILE).read_text("utf-8")).values()) == [3.9, 1.1, 2.0]


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b'{"EPYC',
        b"\xff\xfe",
        b"[1.0]",
        b"null",
        *(b'{"%%s": %s}' % x for x in (b'"3.9"', b"NaN", b"-1.0", b"true")),
    ],
)
def test_a_damaged_file_is_measured_again_and_made_whole(processor, cache_folder, damage):
    timings = processor(avx512=True, speedup=2.5)
    machine = f"EPYC 9654, torch {torch.__version__}"
    cache_folder.mkdir()
    (cache_folder / SPEEDUPS_FILE).write_bytes(damage.replace(b"%s", machine.encode()))
    assert number_format().dtype == torch.bfloat16
    assert timings == [2.5]
    assert json.loads((cache_folder / SPEEDUPS_FILE).read_text("utf-8")) == {machine: 2.5}


def test_a_home_that_cannot_be_written_to_costs_a_measurement_and_nothing_else(processor, cache_folder):
    cache_folder.write_text("a file where the folder should be stops even root")
    timings = processor(avx512=True, speedup=2.5)
    assert number_format().dtype == torch.bfloat16
    assert timings == [2.5]


def test_a_torch_that_cannot_be_asked_computes_in_float32(monkeypatch):
    monkeypatch.delattr(torch.cpu, "_is_amx_tile_supported")
    monkeypatch.delattr(torch.cpu, "_is_avx512_bf16_supported")
    assert number_format().dtype == torch.float32


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_reading_and_training_use_the_chosen_format(monkeypatch, dtype):
    monkeypatch.setattr(precision, "number_format", lambda: NumberFormat(dtype, "chosen"))
    assert reading_dtype() == dtype
    with fast_precision():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == dtype


def test_measuring_gives_a_ratio_and_disturbs_no_random_numbers():
    before = torch.get_rng_state()
    assert 0 < precision.measured_speedup() < math.inf
    assert torch.equal(torch.get_rng_state(), before)


def test_the_processor_has_a_name():
    assert precision._processor().strip()
