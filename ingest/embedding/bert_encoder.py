"""BERT with mean pooling on our own network: the vectors that sentence-transformers gives, from a third of its memory.

Importing sentence-transformers takes three seconds and 250 MB. Its batches, each as wide as its longest text, have
hundreds of shapes, oneDNN compiles kernels for every one, and what these leave between the blocks of a batch
fragments the heap: after a thousand passages a process has 1.3 GB, and it goes on growing. Here a batch is bounded by
its tokens, and its width is a multiple of 16, so that few shapes occur and memory stays level.

Only folders that are exactly this (`bert_folder.py`) are read so; sentence-transformers runs all others.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from ingest.embedding.bert_folder import BertSettings
from model.convert.import_bert import import_bert
from model.network.pooling import unit_means
from model.network.precision import reading_dtype
from model.network.prepacking import prepack

TOKENS_AT_ONCE = 2048  # of one batch, padding included: 30 MB of activations; more is not faster
_GRAIN = 16  # batches are as wide as a multiple of this


class BertEncoder:
    """Texts to unit vectors. Not safe to share between threads: torch uses all cores for one batch.

    In the number format that is fast on this machine: see `model.network.precision`.

    Args:
        folder: of a sentence-transformers model.
        settings: what `BertSettings.of(folder)` found there.

    Raises:
        ImportFailed, OSError, ValueError, KeyError: a file is missing, damaged, or not of such a network.
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
        try:
            self._gpt = import_bert(folder).to(self._dtype).eval()
        except RuntimeError as error:  # what torch raises for a matrix of another shape
            raise ValueError("the weights have other sizes than config.json says") from error
        prepack(self._gpt)

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
        return unit_means(self._gpt(self._gpt.embed(ids), mask=mask), real, lengths)


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
