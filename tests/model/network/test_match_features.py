"""Match features say what the question and the passage share, however long the run, and nothing else."""

from __future__ import annotations

import random

import pytest
import torch

from model.network.config import GPTConfig
from model.network.gpt import GPT
from model.network.match_features import MAX_RUN, classes_of, match_features
from model.reader.prompt import HEADING, HISTORY, PASSAGE, QUESTION


def by_hand(ids, segments):
    """The definition, slowly."""
    sides = {s: [i for i, x in enumerate(segments) if x == s] for s in (0, 1)}
    found = []
    for i, here in enumerate(segments):
        best = 0
        for size in range(1, MAX_RUN + 1):
            for first in range(i - size + 1, i + 1):
                window = range(first, first + size)
                if first < 0 or first + size > len(ids) or any(segments[k] != here for k in window):
                    continue
                want = [ids[k] for k in window]
                others = sides[1 - here]
                if any(
                    [ids[k] for k in range(j, j + size)] == want
                    for j in others
                    if j + size <= len(ids) and all(segments[k] == 1 - here for k in range(j, j + size))
                ):
                    best = size
        found.append(best + (MAX_RUN + 1) * here)
    return found


def test_runs_are_found_on_both_sides():
    #       question  | passage
    ids = [1, 5, 6, 7, 2, 9, 5, 6, 8, 7, 3]
    segments = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]
    assert match_features(torch.tensor([ids]), torch.tensor([segments]))[0].tolist() == [
        0,
        2,
        2,
        1,
        0,
        4,
        6,
        6,
        4,
        5,
        4,
    ]


def test_equal_to_the_definition_on_random_prompts():
    rng = random.Random(3)
    for _ in range(60):
        length, asked = 24, rng.randint(2, 12)
        ids = [rng.randrange(5) for _ in range(length)]
        segments = [0] * asked + [1] * (length - asked)
        found = match_features(torch.tensor([ids]), torch.tensor([segments]))[0].tolist()
        assert found == by_hand(ids, segments)


def test_conversation_and_question_are_compared_with_heading_and_passage():
    rng = random.Random(4)
    layout = [QUESTION, *[HISTORY] * 6, *[QUESTION] * 5, *[HEADING] * 4, *[PASSAGE] * 10]
    for _ in range(40):
        ids = [rng.randrange(6) for _ in layout]
        found = match_features(torch.tensor([ids]), torch.tensor([layout]))[0].tolist()
        assert found == by_hand(ids, [segment % 2 for segment in layout])


def test_a_word_of_the_conversation_is_found_in_the_heading():
    #      [CLS] garage [SEP] | cost [SEP] | garage [SEP] | five [SEP]
    ids = [1, 7, 2, 8, 2, 7, 3, 9, 3]
    segments = [QUESTION, HISTORY, HISTORY, QUESTION, QUESTION, HEADING, HEADING, PASSAGE, PASSAGE]
    found = match_features(torch.tensor([ids]), torch.tensor([segments]))[0].tolist()
    assert found == [0, 1, 0, 0, 0, MAX_RUN + 2, MAX_RUN + 1, MAX_RUN + 1, MAX_RUN + 1]


def test_texts_that_differ_in_case_only_are_one_class():
    texts = ["[CLS]", "[sep]", "[SEP]", "the", "The", "THE", "straße", "STRASSE", "图书", "other", "the"]
    classes = classes_of(texts, special=3)
    assert classes.tolist() == [0, 1, 2, 3, 3, 3, 6, 6, 8, 9, 3]
    assert classes.dtype == torch.int32


def test_a_network_matches_tokens_of_one_class():
    torch.manual_seed(0)
    gpt = GPT(GPTConfig(vocab_size=20, n_layer=1, n_head=2, n_kv_head=2, n_embd=8, n_inner=16, match_features=True))
    torch.nn.init.normal_(gpt.matches.weight)
    ids, segments = torch.tensor([[1, 5, 2, 6, 3]]), torch.tensor([[0, 0, 0, 1, 1]])
    apart = gpt.embed(ids, segments)
    gpt.match_classes[6] = 5
    together = gpt.embed(ids, segments)
    changed = (together != apart).any(dim=2)[0].tolist()
    assert changed == [False, True, False, True, False]
    assert torch.allclose(
        together - apart,
        torch.stack(
            [
                torch.zeros(8),
                gpt.matches.weight[1] - gpt.matches.weight[0],
                torch.zeros(8),
                gpt.matches.weight[MAX_RUN + 2] - gpt.matches.weight[MAX_RUN + 1],
                torch.zeros(8),
            ]
        )[None],
        atol=1e-5,
    )


def test_a_new_network_matches_each_token_with_itself_only():
    gpt = GPT(GPTConfig(vocab_size=20, n_layer=1, n_head=2, n_kv_head=2, n_embd=8, n_inner=16, match_features=True))
    assert gpt.match_classes.tolist() == list(range(20))
    assert "match_classes" in gpt.state_dict(), "a checkpoint keeps them"


def test_padding_changes_nothing():
    ids = torch.tensor([[1, 5, 2, 5, 5, 3]])
    segments = torch.tensor([[0, 0, 0, 1, 1, 1]])
    padded = match_features(torch.nn.functional.pad(ids, (0, 4)), torch.nn.functional.pad(segments, (0, 4)))
    assert padded[0, :6].tolist() == match_features(ids, segments)[0].tolist()


def test_new_match_features_change_nothing_until_they_are_trained():
    torch.manual_seed(0)
    shape = {"vocab_size": 20, "n_layer": 1, "n_head": 2, "n_kv_head": 2, "n_embd": 8, "n_inner": 16}
    without, with_them = GPT(GPTConfig(**shape)), GPT(GPTConfig(**shape, match_features=True))
    with_them.load_state_dict(without.state_dict(), strict=False)
    ids, segments = torch.randint(0, 20, (2, 9)), torch.tensor([[0, 0, 0, 1, 1, 1, 1, 1, 1]] * 2)
    before = without.embed(ids, segments)
    assert torch.equal(with_them.embed(ids, segments), before)
    torch.nn.init.ones_(with_them.matches.weight)
    assert torch.equal(with_them.embed(ids, segments), before + 1)
    assert torch.equal(with_them.embed(ids), without.embed(ids)), "without segments there is nothing to match"


@pytest.mark.parametrize("masked", [False, True])
def test_attention_while_training_equals_the_fused_kernel(masked):
    torch.manual_seed(1)
    gpt = GPT(GPTConfig(vocab_size=20, n_layer=2, n_head=2, n_kv_head=2, n_embd=8, n_inner=16)).eval()
    x = torch.randn(2, 7, 8)
    mask = torch.ones(7, 7, dtype=torch.bool).tril() if masked else None
    training = gpt(x, mask=mask)
    with torch.inference_mode():
        assert torch.allclose(training, gpt(x, mask=mask), atol=1e-6)
