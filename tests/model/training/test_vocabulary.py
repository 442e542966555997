"""New Chinese characters begin with the meaning of the words that translate them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from model.convert.import_bert import minilm_folder
from model.tokenizer import TextTokenizer
from model.training.vocabulary import (
    align,
    count_characters,
    extend_tokenizer,
    han_fold,
    is_chinese,
    translated_rows,
)

# 猫 cat, 狗 dog, 睡 sleeps, 吃 eats; "the" meets everything.
CAT, DOG, SLEEPS, EATS, THE = range(5)
PAIRS = [
    ([10, 12], [THE, CAT, SLEEPS]),
    ([10, 13], [THE, CAT, EATS]),
    ([11, 12], [THE, DOG, SLEEPS]),
    ([11, 13], [THE, DOG, EATS]),
] * 5
TRANSLATION = {10: CAT, 11: DOG, 12: SLEEPS, 13: EATS}


@pytest.fixture(scope="module")
def fold():
    return han_fold()


def test_the_alignment_finds_each_characters_translation():
    source, target, expected = align(PAIRS, rounds=20)
    for character, word in TRANSLATION.items():
        mine = {int(t): e for s, t, e in zip(source, target, expected, strict=True) if s == character and t != THE}
        assert max(mine, key=mine.get) == word
        assert mine[word] > 0.9 * sum(mine.values())


def test_every_target_token_is_explained_exactly_once():
    _, target, expected = align(PAIRS)
    words = [word for _, sentence in PAIRS for word in sentence]
    assert np.bincount(target, expected) == pytest.approx(np.bincount(words))


def test_a_translated_row_lies_nearest_to_its_translation():
    old = torch.randn(5, 64, generator=torch.Generator().manual_seed(0))
    rows = translated_rows(old, 14, list(TRANSLATION), align(PAIRS, rounds=20))
    similar = torch.cosine_similarity(rows[10:14, None] - old.mean(0), old[None] - old.mean(0), dim=-1)
    assert similar.argmax(1).tolist() == list(TRANSLATION.values())


def test_rows_of_other_tokens_are_left_alone():
    old = torch.randn(5, 16)
    assert torch.equal(translated_rows(old, 14, list(TRANSLATION), align(PAIRS))[:5], old)


def test_a_character_rarely_seen_keeps_its_old_row():
    old = torch.randn(14, 16)
    rows = translated_rows(old, 16, list(TRANSLATION), align(PAIRS), least=1000)
    assert torch.equal(rows[:14], old)
    assert rows.shape == (16, 16)
    assert torch.isfinite(rows).all()


def test_the_same_seed_gives_the_same_rows_and_no_two_new_rows_are_equal():
    old, alignment = torch.randn(5, 16), align(PAIRS)
    rows, again = (translated_rows(old, 30, list(TRANSLATION), alignment, seed=1) for _ in range(2))
    assert torch.equal(rows, again)
    assert len(rows.unique(dim=0)) == 30


def test_the_fold_is_one_character_to_one(fold):
    assert len(fold) > 2000
    assert all(len(a) == len(b) == 1 and a != b for a, b in fold.items())


def test_the_fold_simplifies_and_leaves_simplified_text_alone(fold):
    table = str.maketrans(fold)
    assert "圖書館幾點關門，國家學習時間".translate(table) == "图书馆几点关门，国家学习时间"
    assert "图书馆几点关门，国家学习时间".translate(table) == "图书馆几点关门，国家学习时间"


def test_characters_are_counted_after_folding_and_only_chinese_ones():
    counts = count_characters(["圖书馆 open", "图，8"], {"圖": "图"})
    assert counts == {"图": 2, "书": 1, "馆": 1, "，": 1}


@pytest.mark.parametrize(
    ("character", "chinese"), [("图", True), ("，", True), ("《", True), ("a", False), ("é", False)]
)
def test_what_counts_as_chinese(character, chinese):
    assert is_chinese(character) is chinese


def test_an_extended_vocabulary_keeps_old_ids_and_adds_each_missing_character_once():
    base = Tokenizer.from_file(str(minilm_folder() / "tokenizer.json"))
    extended = extend_tokenizer(base, "馆馆图a", {})
    old, both = base.get_vocab(), extended.tokenizer.get_vocab()
    assert {token: both[token] for token in old} == old
    new = {token: both[token] for token in both.keys() - old.keys()}
    assert sorted(new.values()) == list(range(base.get_vocab_size(), extended.vocab_size))
    assert extended.encode("An ordinary sentence.").ids == TextTokenizer(base).encode("An ordinary sentence.").ids
