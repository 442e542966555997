"""Our encoder, saved, is an ordinary sentence-transformers model that gives the same vectors."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer

from model.convert.sentence_transformers_folder import encoder_vocabulary, save_sentence_transformer
from model.network.pooling import pooled

TEXTS = ["The library opens at eight.", "图书馆早上八点开门", "x", "a much longer text " * 12]


@pytest.fixture
def saved(make_gpt, tokenizer, tmp_path):
    vocabulary = encoder_vocabulary(tokenizer)
    gpt = make_gpt(
        vocab_size=tokenizer.vocab_size,
        language_model=False,
        attention="prefix",
        n_segments=2,
        embedding_norm=True,
        max_positions=64,
        norm_eps=1e-12,
    )
    with torch.no_grad():  # of the size of MiniLM's, where float8 has the same relative precision
        gpt.tokens.weight.mul_(0.1)
    save_sentence_transformer(tmp_path / "e", gpt, vocabulary, longest=48)
    return gpt, vocabulary, SentenceTransformer(str(tmp_path / "e"), device="cpu", local_files_only=True)


def test_the_vectors_are_the_same_but_for_rounding(saved):
    gpt, vocabulary, model = saved
    ours = pooled(gpt, vocabulary.encode(TEXTS, 48)).detach().numpy()
    theirs = model.encode(TEXTS)
    np.testing.assert_allclose(np.linalg.norm(theirs, axis=1), 1, atol=1e-5)
    assert (ours * theirs).sum(1).min() > 0.99
    assert model.max_seq_length == 48


def test_traditional_and_full_width_writing_give_the_same_vectors(saved):
    vectors = saved[2].encode(["圖書館ＡＢ１２點", "图书馆AB12点", "国学习ＡＢ"])
    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-6)
    assert np.abs(vectors[0] - vectors[2]).max() > 0.01


def test_order_and_company_do_not_change_a_vector(make_gpt, tokenizer):
    gpt = make_gpt(
        vocab_size=tokenizer.vocab_size,
        language_model=False,
        attention="prefix",
        n_segments=2,
        embedding_norm=True,
    )
    rows = encoder_vocabulary(tokenizer).encode(TEXTS, 40)
    with torch.inference_mode():
        together, backwards = pooled(gpt, rows), pooled(gpt, rows[::-1])
        alone = torch.cat([pooled(gpt, [r]) for r in rows])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)
    torch.testing.assert_close(together, backwards.flip(0), atol=1e-5, rtol=0)
