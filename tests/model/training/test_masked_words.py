"""Hidden words are whole words behind the beginning of a piece; guessing them can be learnt."""

from __future__ import annotations

import random

import pytest
import torch

from model.config import GPTConfig
from model.gpt import GPT
from model.training.masked_words import PIECE, MaskedWords, WordHead, masked_loss, pieces_of
from model.training.prepare import warm_start

ENGLISH = "The harbour master opens the lighthouse every evening and counts the unforeseeable ships. " * 60
CHINESE = "港口的灯塔每天晚上八点开门，欢迎参观博物馆和图书馆，学生可以免费借阅。" * 60


@pytest.fixture(scope="module")
def tokenizer(recipe, data):
    return warm_start(recipe, data, lambda _: None)[1]


def never(_: str) -> bool:
    return False


@pytest.fixture(params=["en", "zh"])
def words(request, tokenizer):
    text = {"en": ENGLISH, "zh": CHINESE}[request.param]
    return MaskedWords(pieces_of([text], request.param, 10, 1, tokenizer, never), tokenizer)


def restored(batch):
    ids = batch.ids.clone().reshape(-1)
    ids[batch.places] = batch.targets
    return ids.reshape(batch.ids.shape)


def test_about_a_sixth_of_the_text_is_hidden_and_most_of_it_masked(words, tokenizer):
    batch = words.batch(random.Random(5), 40 * PIECE)
    assert batch.ids.shape == batch.segments.shape == (40, PIECE)
    assert 0.14 < len(batch.places) / batch.ids.numel() < 0.2
    hidden = batch.ids.reshape(-1)[batch.places]
    assert 0.7 < (hidden == tokenizer.special("[MASK]")).float().mean() < 0.9
    assert (batch.segments.reshape(-1)[batch.places] == 1).all(), "nothing is hidden in a beginning"
    assert (restored(batch) != tokenizer.special("[MASK]")).all()


def test_an_english_word_is_hidden_whole(tokenizer):
    words = MaskedWords(pieces_of([ENGLISH], "en", 10, 1, tokenizer, never), tokenizer)
    batch = words.batch(random.Random(5), 40 * PIECE)
    vocabulary = {number: token for token, number in tokenizer.tokenizer.get_vocab().items()}
    places = set(batch.places.tolist())
    whole = restored(batch).reshape(-1).tolist()
    for place in places:
        for neighbour, part in ((place + 1, vocabulary[whole[place + 1]]), (place - 1, vocabulary[whole[place]])):
            assert not part.startswith("##") or neighbour in places


def test_the_same_numbers_hide_the_same_words(words):
    one, two, other = (words.batch(random.Random(seed), 4 * PIECE) for seed in (1, 1, 2))
    assert torch.equal(one.ids, two.ids) and torch.equal(one.places, two.places)
    assert not torch.equal(one.ids, other.ids)


def test_every_hidden_word_competes(words):
    batch = words.batch(random.Random(3), 4 * PIECE)
    competing = words.competing(batch)
    assert torch.equal(competing, competing.unique())
    assert torch.isin(batch.targets, competing).all()


def test_text_of_evaluation_passages_and_short_text_give_no_piece(tokenizer):
    assert len(pieces_of([CHINESE], "zh", 10, 1, tokenizer, lambda text: "灯塔" in text)) == 0
    assert pieces_of(["港口"], "zh", 10, 1, tokenizer, never).shape == (0, PIECE - 3)
    with pytest.raises(ValueError, match="name more text"):
        MaskedWords(pieces_of([], "zh", 10, 1, tokenizer, never), tokenizer)


def test_guessing_is_learnt(words, tokenizer):
    torch.manual_seed(1)
    gpt = GPT(GPTConfig(tokenizer.vocab_size, n_layer=1, n_head=2, n_kv_head=2, n_embd=32, n_inner=64))
    head = WordHead(32, tokenizer.vocab_size)
    batch = words.batch(random.Random(3), 4 * PIECE)
    optimizer = torch.optim.Adam([*gpt.parameters(), *head.parameters()], lr=1e-2)
    losses = []
    for _ in range(12):
        loss = masked_loss(gpt, head, batch, words.competing(batch))
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.7 * losses[0]
