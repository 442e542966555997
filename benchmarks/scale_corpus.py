"""Real passages with their real vectors, and as many perturbed copies of them as are asked for."""

from __future__ import annotations

import json
import lzma
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ingest.documents import LoadedDocument
from ingest.embedding.embedder import Embedder
from ingest.splitting.splitter import SplitterSettings, split
from model.text.language import language_of

NOISE = 0.35  # length of the noise beside a vector of length 1: a copy's similarity to its mean is about 0.94
MIN_CHARACTERS = 200  # characters of a passage


@dataclass
class Corpus:
    """Passages of each language, and their vectors, of shape `(len(texts[language]), dimension)`."""

    texts: dict[str, list[str]]
    vectors: dict[str, NDArray[np.float32]]

    @classmethod
    def load_or_make(cls, path: Path, files: list[Path], embedder: Embedder, count: int) -> Corpus:
        """Read what was made before, or split and embed `count` passages of the files, the same number of each."""
        if path.exists():
            with np.load(path, allow_pickle=False) as stored:
                if str(stored["model"]) == embedder.fingerprint:
                    return cls.load(path)
        texts = {}
        for file in files:
            for text in passages_of(file, count // len(files)):
                texts.setdefault(language_of(text), []).append(text)
        corpus = cls(texts, {lang: embedded(embedder, some) for lang, some in texts.items()})
        arrays = {f"texts-{lang}": np.array(some) for lang, some in texts.items()}
        arrays |= {f"vectors-{lang}": some for lang, some in corpus.vectors.items()}
        np.savez(path, model=np.array(embedder.fingerprint), **arrays)
        return corpus

    @classmethod
    def load(cls, path: Path) -> Corpus:
        """Read what was made before."""
        with np.load(path, allow_pickle=False) as stored:
            texts = {key[6:]: stored[key].tolist() for key in stored if key.startswith("texts-")}
            return cls(texts, {lang: stored[f"vectors-{lang}"] for lang in texts})

    def passages(self, chosen: random.Random, count: int) -> tuple[list[str], NDArray[np.float32]]:
        """Return perturbed copies in one language, and their vectors of shape `(count, dimension)`."""
        languages = list(self.texts)
        language = chosen.choices(languages, [len(self.texts[lang]) for lang in languages])[0]
        texts, vectors = self.texts[language], self.vectors[language]
        pairs = [(chosen.randrange(len(texts)), chosen.randrange(len(texts))) for _ in range(count)]
        noise = np.random.default_rng(chosen.getrandbits(64)).standard_normal((count, vectors.shape[1]), dtype="f4")
        made = vectors[[one for one, _ in pairs]] + vectors[[other for _, other in pairs]]
        made = made / np.linalg.norm(made, axis=1, keepdims=True) + NOISE * noise / np.sqrt(vectors.shape[1])
        return [spliced(texts[one], texts[other]) for one, other in pairs], (
            made / np.linalg.norm(made, axis=1, keepdims=True)
        ).astype(np.float32)

    def questions(self, chosen: random.Random, count: int) -> list[str]:
        """Return pieces of real passages, about as long as a question."""
        found = []
        for _ in range(count):
            text = chosen.choice(self.texts[chosen.choice(list(self.texts))])
            words = text.split()
            if len(words) > 20:
                start = chosen.randrange(len(words) - 10)
                found.append(" ".join(words[start : start + 10]))
            else:
                start = chosen.randrange(len(text) - 15)
                found.append(text[start : start + 15])
        return found


def spliced(one: str, other: str) -> str:
    """The first part of one and the second part of the other, cut between words."""
    cut = one.find(" ", len(one) // 2, len(one) // 2 + 40)
    start = other.find(" ", len(other) // 2, len(other) // 2 + 40)
    return (one[: cut if cut > 0 else len(one) // 2] + " " + other[start if start > 0 else len(other) // 2 :]).strip()


def passages_of(file: Path, count: int) -> list[str]:
    """Cut documents as the product does, until there are `count` passages; a few of each document."""
    found: list[str] = []
    with (lzma.open if file.suffix == ".xz" else open)(file, "rt", encoding="utf-8") as stream:
        for line in stream:
            text = json.loads(line)["text"][:20_000]
            chunks = split(LoadedDocument(text, "text/plain", "text"), SplitterSettings())
            found += [chunk.text for chunk in chunks if len(chunk.text) >= MIN_CHARACTERS][:5]
            if len(found) >= count:
                break
    return found[:count]


def embedded(embedder: Embedder, texts: list[str]) -> NDArray[np.float32]:
    """Vectors of shape `(len(texts), dimension)`, with a bar."""
    parts = [embedder.embed_documents(texts[n : n + 64]) for n in tqdm(range(0, len(texts), 64), desc="embedding")]
    return np.concatenate(parts)
