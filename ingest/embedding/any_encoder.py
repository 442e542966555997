"""Any sentence-transformers model, run by that library, with the prompts that it asks for."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from model.network.precision import reading_dtype

_BATCH = 32


class AnyEncoder:
    """Texts to unit vectors. Not safe to share between threads.

    Args:
        folder: complete, with safetensors weights; nothing is downloaded and no code in it is run.

    Raises:
        OSError, ValueError, KeyError, TypeError, RuntimeError, ImportError: the model cannot be loaded.
    """

    def __init__(self, folder: Path) -> None:
        self._model = SentenceTransformer(
            str(folder),
            device="cpu",
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True, "dtype": reading_dtype()},
        )

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return an array of shape `(len(texts), dimension)`."""
        return np.asarray(
            self._model.encode_document(
                list(texts), batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False
            ),
            dtype=np.float32,
        )

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Return an array of shape `(dimension,)`."""
        found = self._model.encode_query([text], normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(found[0], dtype=np.float32)
