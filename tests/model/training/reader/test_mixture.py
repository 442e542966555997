"""Whatever is cropped, bucketed or joined, the answer's tokens stay the answer's tokens."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models

from model.errors import CheckpointError
from model.reader.prompt import HEADING, HISTORY, PASSAGE, QUESTION, opening, special_of
from model.tokenizer import TextTokenizer
from model.training.examples import Example
from model.training.reader.mixture import (
    BUCKETS,
    NO_QUOTE,
    Tokenized,
    crop,
    hard_negatives,
    make_batch,
    plan_epoch,
    several_part_questions,
    token_span,
    tokenize,
)

FILLER = "The staff are friendly and the rooms are quiet during the whole week. " * 6
ENGLISH = f"{FILLER}The library opens at half past eight. It closes at ten. {FILLER}"
CHINESE = "图书馆早上八点开门，晚上十点关门。国图周一至周五开门。" * 4


def example(passage, *answers, question="When?", lang="en"):
    quotes = tuple((passage.index(a), passage.index(a) + len(a)) for a in answers)
    return Example(question, passage, quotes, lang, "test")


@st.composite
def tokenized(draw):
    before, passage = draw(st.integers(3, 300)), draw(st.integers(1, 400))
    quotes = ()
    if draw(st.booleans()):
        first = draw(st.integers(0, passage - 1))
        quotes = ((first, draw(st.integers(first, min(passage - 1, first + 80)))),)
    return Tokenized(np.zeros(before, np.int32), np.zeros(before, np.int8), np.zeros(passage, np.int32), quotes, "test")


@given(example=tokenized(), seed=st.integers(0, 1000))
def test_a_crop_fills_its_bucket_and_never_loses_a_quote(example, seed):
    found = crop(example, random.Random(seed))
    if found is None:
        return
    bucket, first, last = found
    assert bucket in BUCKETS
    assert last - first + len(example.opening) + 1 == bucket
    assert first >= 0
    assert last <= len(example.passage)
    assert all(first <= a and b < last for a, b in example.quotes)


@given(example=tokenized())
def test_a_passage_is_only_given_up_when_it_is_shorter_than_any_bucket_or_its_quote_does_not_fit(example):
    total = len(example.opening) + 1 + len(example.passage)
    if crop(example, random.Random(0)) is None:
        room = max((b for b in BUCKETS if b <= total), default=0) - len(example.opening) - 1
        assert room <= 0 or any(b - a >= room for a, b in example.quotes)


@given(offsets=st.lists(st.integers(1, 5), min_size=1, max_size=20), data=st.data())
def test_a_token_span_covers_its_characters_with_no_token_to_spare(offsets, data):
    edges = np.concatenate(([0], np.cumsum(offsets))).tolist()
    spans = list(pairwise(edges))
    start = data.draw(st.integers(0, edges[-1] - 1))
    end = data.draw(st.integers(start + 1, edges[-1]))
    first, last = token_span(spans, start, end)
    assert spans[first][0] <= start < spans[first][1]
    assert spans[last][0] < end <= spans[last][1]


def test_characters_between_tokens_have_no_token_span():
    assert token_span([(0, 2), (4, 6)], 2, 4) is None


@pytest.mark.parametrize(
    ("passage", "answers", "question"),
    [
        (ENGLISH, ["half past eight"], "When does the library open?"),
        (ENGLISH, ["half past eight", "ten"], "When does it open and when does it close?"),
        (CHINESE, ["周一至周五"], "哪几天开门？"),
        (CHINESE.replace("图书馆", "圖書館"), ["圖書館"], "哪里？"),
    ],
)
def test_a_batchs_token_indices_decode_back_to_the_answers(tokenizer, passage, answers, question):
    examples = tokenize([example(passage, *answers, question=question)], tokenizer)
    for seed in range(10):
        [(bucket, members)] = plan_epoch(examples, batch_tokens=1, seed=seed)
        batch = make_batch(examples, bucket, members, tokenizer)
        for answer, (first, last) in zip(answers, batch.quotes[0].tolist(), strict=False):
            assert batch.ids[0, first : last + 1].tolist() == tokenizer.encode(answer).ids


def test_a_batch_is_a_prompt_with_its_passage_allowed(tokenizer):
    examples = tokenize([example(ENGLISH, "ten"), example(ENGLISH, question="Who?")] * 3, tokenizer)
    [(bucket, members)] = plan_epoch(examples, batch_tokens=6 * len_of_bucket(examples), seed=0)
    batch = make_batch(examples, bucket, members, tokenizer)
    assert batch.ids[:, 0].eq(tokenizer.cls).all()
    assert batch.ids[:, -1].eq(tokenizer.sep).all()
    assert not batch.ids.eq(tokenizer.pad).any()
    assert torch.equal(batch.allowed[:, :-1], batch.segments[:, :-1].bool())
    for row, (index, _, _) in enumerate(members):
        quotes = batch.quotes[row]
        if examples[index].quotes:
            assert batch.allowed[row, quotes[0]].all()
            assert quotes[1:].eq(NO_QUOTE).all()
        else:
            assert quotes.eq(NO_QUOTE).all()


def test_training_reads_the_prompt_that_use_reads(tokenizer):
    """Conversation and heading before the passage, each in its segment (model/reader/prompt.py)."""
    turns = (("Where is the library?", "on Mill Street"),)
    asked = replace(example(ENGLISH, "ten"), history=turns, heading="Town guide › Libraries")
    [one] = tokenize([asked], tokenizer)
    before = opening(tokenizer, special_of(tokenizer), "When?", turns, "Town guide › Libraries")
    assert (one.opening.tolist(), one.segments.tolist()) == (before.ids, before.segments)
    [(bucket, members)] = plan_epoch([one], batch_tokens=1, seed=0)
    batch = make_batch([one], bucket, members, tokenizer)
    assert batch.ids[0, : len(before)].tolist() == before.ids
    assert batch.segments[0].tolist() == [*before.segments, *[PASSAGE] * (bucket - len(before))]
    assert {QUESTION, HISTORY, HEADING} == set(before.segments)
    assert batch.allowed[0].nonzero().flatten().tolist() == list(range(len(before), bucket - 1))


def len_of_bucket(examples):
    """The bucket that all these equally long examples fall into."""
    [bucket] = {crop(e, random.Random(0))[0] for e in examples}
    return bucket


def test_an_epochs_plan_is_the_same_for_the_same_seed(tokenizer):
    examples = tokenize([example(ENGLISH, "ten"), example(CHINESE, "八点", lang="zh")] * 20, tokenizer)
    assert plan_epoch(examples, 512, seed=4) == plan_epoch(examples, 512, seed=4)
    assert plan_epoch(examples, 512, seed=4) != plan_epoch(examples, 512, seed=5)


def test_a_plan_uses_no_example_twice_and_no_batch_larger_than_asked(tokenizer):
    examples = tokenize([example(ENGLISH, "ten"), example(CHINESE, "八点", lang="zh")] * 20, tokenizer)
    plan = plan_epoch(examples, 700, seed=4)
    used = [index for _, members in plan for index, _, _ in members]
    assert len(used) == len(set(used)) > 20
    assert all(bucket * len(members) <= 700 for bucket, members in plan)


def test_an_answer_without_tokens_or_an_empty_passage_gives_nothing(tokenizer):
    assert tokenize([example("   ", " "), Example("Who?", "", (), "en", "test")], tokenizer) == []


def test_two_questions_about_one_passage_become_one_with_two_quotes():
    both = [example(ENGLISH, "half past eight", question="Open?"), example(ENGLISH, "ten", question="Close?")]
    [made] = several_part_questions(both, share=0.5, seed=0)
    assert sorted(ENGLISH[a:b] for a, b in made.quotes) == ["half past eight", "ten"]
    first, second = (both[0], both[1]) if made.quotes[0] == both[0].quotes[0] else (both[1], both[0])
    assert made.question == f"{first.question} {second.question}"


def test_follow_up_questions_are_joined_with_none():
    both = [example(ENGLISH, "half past eight"), example(ENGLISH, "ten", question="And close?")]
    leaning = replace(both[1], history=(("When does it open?", "half past eight"),))
    assert several_part_questions([both[0], leaning], share=1.0, seed=0) == []
    assert several_part_questions(both, share=1.0, seed=0) != []


def test_overlapping_answers_are_never_joined():
    both = [example(ENGLISH, "half past eight"), example(ENGLISH, "past eight", question="Since when?")]
    assert several_part_questions(both, share=1.0, seed=0) == []


def test_a_negative_passage_does_not_contain_the_answer():
    passages = [
        f"The {place} opens at {hour} o'clock on weekdays."
        for place, hour in (("library", "eight"), ("museum", "nine"), ("theatre", "eight"), ("harbour", "six"))
    ]
    asked = [example(p, p.split()[4], question=f"When does the {p.split()[1]} open?") for p in passages]
    made = hard_negatives(asked, share=1.0, seed=0)
    assert len(made) == len(asked)
    answer_of = {e.question: e.passage[slice(*e.quotes[0])] for e in asked}
    assert all(m.quotes == () and answer_of[m.question] not in m.passage for m in made)


def test_a_negative_passage_comes_under_its_own_heading():
    passages = {
        f"The {place} opens at {hour} o'clock on weekdays.": place
        for place, hour in (("library", "eight"), ("museum", "nine"), ("theatre", "noon"))
    }
    asked = [replace(example(p, p.split()[4], question="When?"), heading=place) for p, place in passages.items()]
    made = hard_negatives(asked, share=1.0, seed=0)
    assert len(made) == 3 and all(m.heading == passages[m.passage] for m in made)


def test_chinese_negatives_stay_chinese():
    chinese = [
        example(f"{p}早上八点开门，{q}。", q, question="怎样？", lang="zh")
        for p, q in (("图书馆", "周一关门"), ("国图", "周五关门"))
    ]
    made = hard_negatives([*chinese, example(ENGLISH, "ten")], share=1.0, seed=0)
    assert {m.lang for m in made} == {"zh"}
    assert {m.passage for m in made} == {e.passage for e in chinese}


def test_a_tokenizer_that_cannot_write_the_prompt_says_which_token_it_lacks():
    bare = TextTokenizer(Tokenizer(models.WordLevel({"a": 0, "?": 1}, "?")))
    one = Tokenized(np.zeros(4, np.int32), np.zeros(4, np.int8), np.zeros(60, np.int32), (), "test")
    with pytest.raises(CheckpointError, match=r"no \[CLS\]"):
        make_batch([one], 48, [(0, 0, 43)], bare)
    with pytest.raises(CheckpointError, match=r"no \[CLS\]"):
        tokenize([example(ENGLISH, "ten")], bare)
