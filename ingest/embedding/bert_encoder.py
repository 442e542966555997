"""BERT with mean pooling on torch alone: the vectors that sentence-transformers gives, from a third of its memory.

Importing sentence-transformers takes three seconds and 250 MB. Its batches, each as wide as its longest text, have
hundreds of shapes, oneDNN compiles kernels for every one, and what these leave between the blocks of a batch
fragments the heap: after a thousand passages a process has 1.3 GB, and it goes on growing. Here a batch is bounded by
its tokens, and its width is a multiple of 16, so that few shapes occur and memory stays level.

Only folders that are exactly this (`bert_folder.py`) are read so; sentence-transformers runs all others.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor

from ingest.embedding.bert_folder import BertSettings
from model.network.precision import reading_dtype

TOKENS_AT_ONCE = 2048  # of one batch, padding included: 30 MB of activations; more is not faster
_GRAIN = 16  # batches are as wide as a multiple of this
_ROWS = 1600  # of a typical product, for which the matrices are laid out


class BertEncoder:
    """Texts to unit vectors. Not safe to share between threads: torch uses all cores for one batch.

    In the number format that is fast on this machine: see `model.network.precision`.

    Args:
        folder: of a sentence-transformers model.
        settings: what `BertSettings.of(folder)` found there.

    Raises:
        OSError, SafetensorError, ValueError, KeyError: a file is missing, damaged, or not of such a network.
    """

    def __init__(self, folder: Path, settings: BertSettings) -> None:
        self._settings = settings
        self._dtype = reading_dtype()
        try:
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # the library raises nothing more special
            raise ValueError(f"tokenizer.json cannot be read: {error}") from error
        self._tokenizer.enable_truncation(settings.longest)
        self._tokenizer.no_padding()
        stored = {name.removeprefix("bert."): w for name, w in load_file(folder / "model.safetensors").items()}
        with torch.inference_mode():
            self._words = stored["embeddings.word_embeddings.weight"].to(self._dtype)  # (vocabulary, C)
            first_segment = stored["embeddings.token_type_embeddings.weight"][0].float()  # every text is of it
            places = stored["embeddings.position_embeddings.weight"].float() + first_segment
            self._places = places.to(self._dtype)  # (positions, C)
            self._norm = _Norm(stored, "embeddings.LayerNorm", settings.norm_eps, self._dtype)
            self._layers = [
                _Layer(stored, f"encoder.layer.{n}.", settings, self._dtype) for n in range(settings.layers)
            ]
        if self._words.shape[1] != settings.width or len(self._places) < settings.longest:
            raise ValueError("the weights have other sizes than config.json says")

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Return an array of shape `(width,)`."""
        vector: NDArray[np.float32] = self.embed_documents([text])[0]
        return vector

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return an array of shape `(len(texts), width)`, each row of length 1."""
        found = np.empty((len(texts), self._settings.width), dtype=np.float32)
        ids = [encoding.ids for encoding in self._tokenizer.encode_batch_fast(list(texts))]
        with torch.inference_mode():
            for places, width in _batches([len(some) for some in ids], self._settings.longest):
                found[places] = self._pooled([ids[place] for place in places], width).numpy()
        return found

    def _pooled(self, rows: Sequence[Sequence[int]], width: int) -> Tensor:
        """Rows of up to `width` tokens -> (B, C) float32, each of length 1."""
        ids = torch.tensor([[*row, *[0] * (width - len(row))] for row in rows])
        lengths = torch.tensor([len(row) for row in rows])
        real = torch.arange(width) < lengths[:, None]  # (B, T)
        # Added to the scores; made here once, not from a mask of booleans in every layer.
        mask = torch.zeros(real.shape, dtype=self._dtype).masked_fill_(~real, float("-inf"))[:, None, None, :]
        x = self._norm(self._words[ids] + self._places[:width])
        for layer in self._layers:
            x = layer(x, mask)
        return F.normalize((x.float() * real[..., None]).sum(1) / lengths[:, None], dim=1)


class _Norm:
    def __init__(self, stored: Mapping[str, Tensor], name: str, eps: float, dtype: torch.dtype) -> None:
        self._weight, self._bias = (stored[f"{name}.{part}"].to(dtype) for part in ("weight", "bias"))
        self._eps = eps

    def __call__(self, x: Tensor) -> Tensor:
        return F.layer_norm(x, self._weight.shape, self._weight, self._bias, self._eps)


class _Linear:
    """One or several linear layers of the same input side by side, perhaps with GELU behind them.

    In bfloat16 the matrix is kept as the CPU's matrix unit reads it; otherwise oneDNN would reorder it at every
    product, a fifth of the time. The operators are those that torch.compile emits for a linear layer.
    """

    def __init__(self, stored: Mapping[str, Tensor], *names: str, dtype: torch.dtype, gelu: bool = False) -> None:
        weight, self._bias = (
            torch.cat([stored[f"{name}.{part}"].to(dtype) for name in names]) for part in ("weight", "bias")
        )
        self._is_packed = dtype == torch.bfloat16
        self._weight: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight, _ROWS) if self._is_packed else weight
        self._gelu = gelu

    def __call__(self, x: Tensor) -> Tensor:
        if self._is_packed:
            after, how = ("gelu", "none") if self._gelu else ("none", "")  # "none": not the tanh approximation
            return torch.ops.mkldnn._linear_pointwise(  # type: ignore[no-any-return]
                x, self._weight, self._bias, after, [], how
            )
        y = F.linear(x, self._weight, self._bias)
        return F.gelu(y) if self._gelu else y


class _Layer:
    """Attention and MLP, the norm after each sum."""

    def __init__(self, stored: Mapping[str, Tensor], prefix: str, settings: BertSettings, dtype: torch.dtype) -> None:
        self._heads = settings.heads
        inside = [f"{prefix}attention.self.{name}" for name in ("query", "key", "value")]
        self._inside = _Linear(stored, *inside, dtype=dtype)
        self._out = _Linear(stored, f"{prefix}attention.output.dense", dtype=dtype)
        self._attention_norm = _Norm(stored, f"{prefix}attention.output.LayerNorm", settings.norm_eps, dtype)
        self._up = _Linear(stored, f"{prefix}intermediate.dense", dtype=dtype, gelu=True)
        self._down = _Linear(stored, f"{prefix}output.dense", dtype=dtype)
        self._norm = _Norm(stored, f"{prefix}output.LayerNorm", settings.norm_eps, dtype)

    def __call__(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, T, C) -> (B, T, C); mask (B, 1, 1, T), added to the scores."""
        b, t, c = x.shape
        q, k, v = self._inside(x).view(b, t, 3, self._heads, -1).permute(2, 0, 3, 1, 4)  # each (B, H, T, D)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = self._attention_norm(x + self._out(y.transpose(1, 2).reshape(b, t, c)))
        return self._norm(x + self._down(self._up(x)))


def _batches(lengths: Sequence[int], longest: int) -> Iterator[tuple[list[int], int]]:
    """Texts of similar length together: the places of each batch's texts, and how many tokens wide it is."""
    batch: list[int] = []
    width = 0
    for place in sorted(range(len(lengths)), key=lengths.__getitem__):
        wider = min(longest, _GRAIN * -(-lengths[place] // _GRAIN))
        if batch and wider * (len(batch) + 1) > TOKENS_AT_ONCE:
            yield batch, width
            batch = []
        batch.append(place)
        width = wider
    if batch:
        yield batch, width
