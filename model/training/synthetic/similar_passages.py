"""Which passages look like they answer a question: TF-IDF over words (English) or character pairs (Chinese).

Roughly what a retriever would bring; used to make wrong passages that are worth training and calibrating on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np


class SimilarPassages:
    """Passages of one language, searchable by question."""

    def __init__(self, passages: Sequence[str], lang: str) -> None:
        """Index at least one passage; any language but `en` is taken for Chinese."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        english = lang == "en"
        self.passages = list(passages)
        self._vectorizer = TfidfVectorizer(
            analyzer="word" if english else "char",
            ngram_range=(1, 1) if english else (1, 2),
            stop_words="english" if english else None,
            sublinear_tf=True,
            dtype=np.float32,
        )
        self._matrix = self._vectorizer.fit_transform(self.passages)

    def rank(self, questions: Sequence[str], k: int) -> Iterator[list[str]]:
        """The `k` most similar passages of each question, best first."""
        for found in self.search(questions, k):
            yield [passage for passage, _ in found]

    def search(self, questions: Sequence[str], k: int) -> Iterator[list[tuple[str, float]]]:
        """The `k` most similar passages of each question with their cosine similarities (0..1), best first."""
        for i in range(0, len(questions), 256):  # bounds the memory of the score matrix
            scores = (self._vectorizer.transform(questions[i : i + 256]) @ self._matrix.T).toarray()
            for row in scores:
                yield [(self.passages[int(j)], float(row[j])) for j in np.argsort(-row, kind="stable")[:k]]
