"""A second opinion on the best hits: a cross-encoder reads the question and a passage together."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

_BATCH = 16
_MAX_PAIR = 512  # tokens, where the model itself says no less
_PROBE = ("What is it?", "It is a probe.")


class RerankerError(Exception):
    """A reranking model cannot be used; the message says what to do."""


@runtime_checkable
class Reranker(Protocol):
    """Judges how well passages answer a question. Implementations may be called from several threads."""

    def scores(self, question: str, passages: Sequence[str]) -> list[float]:
        """One number for each passage, larger is better; they need only be comparable with each other."""


class CrossEncoderReranker:
    """A sentence-transformers `CrossEncoder` from the local disk, on the CPU; it never touches the network.

    Args:
        name_or_path: a folder, or the name of a model in the local Hugging Face cache. It gives one number for a pair.

    Raises:
        RerankerError: the model is not on this machine, or is no such model. It is loaded at once.
    """

    def __init__(self, name_or_path: str) -> None:
        self.name = name_or_path
        self._lock = threading.Lock()  # torch already uses all cores for one batch
        self._model = _loaded(name_or_path)
        if self._model.num_labels != 1:
            raise RerankerError(
                f"{name_or_path} gives {self._model.num_labels} numbers for a question and a passage; a reranking "
                "model gives one"
            )
        try:
            (probe,) = self.scores(_PROBE[0], [_PROBE[1]])
        except (RuntimeError, ValueError, IndexError, TypeError) as error:
            raise RerankerError(f"{name_or_path} cannot judge a pair of texts: {error}") from error
        if not math.isfinite(probe):
            raise RerankerError(f"{name_or_path} gives no finite number; its weights are damaged")

    def scores(self, question: str, passages: Sequence[str]) -> list[float]:
        """The model's raw numbers (logits); what is longer than the model reads is cut at the end."""
        if not passages:
            return []
        from torch.nn import Identity

        with self._lock:
            found = self._model.predict(
                [(question, passage) for passage in passages],
                batch_size=_BATCH,
                show_progress_bar=False,
                activation_fn=Identity(),
                convert_to_numpy=True,
            )
        return [float(score) for score in found]


@lru_cache(maxsize=2)
def cross_encoder(name_or_path: str) -> CrossEncoderReranker:
    """The model of this name, loaded once in a process.

    Raises:
        RerankerError: see `CrossEncoderReranker`.
    """
    return CrossEncoderReranker(name_or_path)


def _loaded(name_or_path: str) -> CrossEncoder:
    from safetensors import SafetensorError
    from sentence_transformers import CrossEncoder

    folder = _local_folder(name_or_path)
    if not (folder / "modules.json").is_file() and not _classifies(folder):
        # transformers would put a random layer on top of it and only warn.
        raise RerankerError(f"{folder} is not a cross-encoder: its config.json names no sequence classification model")
    try:
        model: CrossEncoder = CrossEncoder(
            str(folder),
            device="cpu",
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
        )
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, ImportError, SafetensorError) as error:
        raise RerankerError(
            f"the reranking model in {folder} cannot be loaded: {error}. It must be a complete folder of a "
            "sentence-transformers CrossEncoder with safetensors weights"
        ) from error
    if not model.max_seq_length or model.max_seq_length > _MAX_PAIR:
        model.max_seq_length = _MAX_PAIR
    return model


def _classifies(folder: Path) -> bool:
    try:
        stated = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("architectures") or []
    except (OSError, ValueError, AttributeError) as error:
        raise RerankerError(f"{folder / 'config.json'} cannot be read: {error}") from error
    return any("SequenceClassification" in str(name) for name in stated)


def _local_folder(name_or_path: str) -> Path:
    path = Path(name_or_path).expanduser()
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise RerankerError(f"{path} holds no cross-encoder (no config.json)")
        return path
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    names = [name_or_path] if "/" in name_or_path else [f"cross-encoder/{name_or_path}", name_or_path]
    for name in names:
        try:
            return Path(snapshot_download(name, local_files_only=True))
        except (LocalEntryNotFoundError, HFValidationError):
            continue
    raise RerankerError(
        f"the reranking model '{name_or_path}' is not on this machine, and nothing is downloaded unasked. Download it "
        f"once with `hf download {names[0]}`, or give the path of its folder"
    )
