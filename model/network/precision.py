"""The number format in which matrix products run fastest on this machine, chosen here for all networks.

bfloat16 moves half the memory of float32, but only some processors multiply it in hardware. With Intel's AMX it is
always several times as fast. AVX512-BF16 gains much on AMD's Zen 4 and 5 and little or nothing on other processors, so
there one product is timed in both formats, once for each machine. Everywhere else bfloat16 is slower than float32.
"""

from __future__ import annotations

import json
import math
import os
import platform
import time
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from platformdirs import user_cache_path

WORTHWHILE = 1.5  # times as fast as float32; for less, the coarser rounding does not pay
SPEEDUPS_FILE = "bfloat16-speedup.json"  # in the cache folder; deleting it makes the next process measure again
_ROWS, _WIDTH, _INNER = 512, 384, 1536  # of the product: 512 tokens through half an MLP of MiniLM
_BUDGET = 0.012  # seconds of measuring after which no further repetition begins; compiling takes 20 ms more
_REPETITIONS = 5
# The thread's own time where the clock is fine enough, so that other programs on the machine do not count.
_clock = time.thread_time if os.name == "posix" else time.perf_counter


class NumberFormat(NamedTuple):
    """What networks are run in, and why."""

    dtype: torch.dtype
    reason: str


def fast_precision() -> AbstractContextManager[Any]:
    """Autocast to bfloat16 where it pays, otherwise nothing; for training, whose weights must stay float32."""
    return torch.autocast("cpu", torch.bfloat16) if fast_bfloat16() else nullcontext()


def reading_dtype() -> torch.dtype:
    """Format of the weights of a network that only reads."""
    return torch.bfloat16 if fast_bfloat16() else torch.float32


def fast_bfloat16() -> bool:
    """Whether bfloat16 matrix products are much faster than float32 ones on this machine."""
    return number_format().dtype == torch.bfloat16


@cache
def number_format() -> NumberFormat:
    """Choose by what the processor can do, and where that leaves it open by a measurement that is remembered.

    The measurement takes less than 50 ms of processor time, once for each processor and release of torch.
    """
    amx, avx512 = _has("_is_amx_tile_supported"), _has("_is_avx512_bf16_supported")
    if not (amx or avx512):
        return NumberFormat(torch.float32, "the processor has neither AMX nor AVX512-BF16")
    if not onednn_multiplies_bfloat16():
        return NumberFormat(torch.float32, "this build of torch does not multiply bfloat16 in hardware")
    if amx:
        return NumberFormat(torch.bfloat16, "AMX")
    speedup = _remembered_speedup()
    dtype = torch.bfloat16 if speedup >= WORTHWHILE else torch.float32
    return NumberFormat(dtype, f"bfloat16 by AVX512-BF16 was measured {speedup:.2f} times as fast as float32")


def onednn_multiplies_bfloat16() -> bool:
    """Whether layers can be prepacked in bfloat16; some builds of torch have no oneDNN."""
    built = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return bool(built) and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def measured_speedup() -> float:
    """How many times as fast a typical product runs in bfloat16 as in float32."""
    # Ones: random numbers would shift those of a training run, but only of the first one on a machine.
    x, weight = torch.ones(_ROWS, _WIDTH), torch.ones(_INNER, _WIDTH)
    operands = {dtype: (x.to(dtype), weight.to(dtype)) for dtype in (torch.float32, torch.bfloat16)}
    best = dict.fromkeys(operands, math.inf)
    with torch.inference_mode(), torch.autocast("cpu", enabled=False):
        for a, b in operands.values():  # oneDNN compiles its kernels at the first product
            F.linear(a, b)
        begun = _clock()
        for _ in range(_REPETITIONS):
            for dtype, (a, b) in operands.items():  # taking turns, so that a change of clock rate meets both
                started = _clock()
                F.linear(a, b)
                best[dtype] = min(best[dtype], _clock() - started)
            if _clock() - begun > _BUDGET:
                break
    return best[torch.float32] / best[torch.bfloat16]


def _has(feature: str) -> bool:
    """Whether torch sees a feature of the processor; what can be asked differs between its releases."""
    ask = getattr(torch.cpu, feature, None)
    return ask is not None and bool(ask())


def _remembered_speedup() -> float:
    file, machine = user_cache_path("quoted-rag") / SPEEDUPS_FILE, f"{_processor()}, torch {torch.__version__}"
    known = _read(file)
    if machine not in known:
        known[machine] = round(measured_speedup(), 3)
        _write(file, known)
    return known[machine]


def _read(file: Path) -> dict[str, float]:
    """Speedups by machine, since a home folder may be shared by several; none if the file is missing or damaged."""
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(stored, dict):
        return {}
    return {machine: x for machine, x in stored.items() if isinstance(x, float) and 0 < x < math.inf}


def _write(file: Path, speedups: dict[str, float]) -> None:
    """Replace the file as a whole; where the folder cannot be written to, every process measures anew."""
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=file.parent) as folder:
            new = Path(folder, file.name)
            new.write_text(json.dumps(speedups, indent=1), encoding="utf-8")
            new.replace(file)


def _processor() -> str:
    """Name of the processor's model; Python itself knows it only outside Linux."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
