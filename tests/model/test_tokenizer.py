"""Offsets index the text that was given, whatever is folded on the way."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models

from model.tokenizer import TextTokenizer
from model.training.vocabulary import is_chinese

MIXED = st.text(
    st.sampled_from("图书馆几点关门圖書館關門國學習，。？Ａｂ３９！café naïve Ünder-Score 007\n\t\u3000\u00a0\u200b")
    | st.sampled_from("👩‍🚀🇨🇳e\u0301龘٣İß")
    | st.characters(codec="utf-8"),
    max_size=60,
)
PIECES = st.lists(
    st.sampled_from(["图书馆", "圖書館", "Annual leave", "ＷｉＦｉ６", "🙂", "，", " ", "\r\n", "[SEP]"])
).map("".join)


@given(text=MIXED | PIECES)
def test_offsets_are_ordered_nonempty_places_of_the_text(tokenizer, text):
    offsets = tokenizer.encode(text).offsets
    assert all(0 <= a < b <= len(text) for a, b in offsets)
    assert all(first[1] <= second[0] for first, second in pairwise(offsets))


@given(text=MIXED | PIECES)
def test_a_token_is_the_normalised_text_at_its_offsets(tokenizer, text):
    encoding = tokenizer.encode(text)
    normalise = tokenizer.tokenizer.normalizer.normalize_str
    for id_, (a, b) in zip(encoding.ids, encoding.offsets, strict=True):
        token = tokenizer.tokenizer.id_to_token(id_)
        if token != "[UNK]":
            assert normalise(tokenizer.fold(text[a:b])).strip() == token.removeprefix("##")


@given(text=MIXED | PIECES)
def test_folding_keeps_every_place(tokenizer, text):
    assert len(tokenizer.fold(text)) == len(text)


@given(text=MIXED | PIECES)
def test_folding_twice_changes_nothing_more(tokenizer, text):
    assert tokenizer.fold(tokenizer.fold(text)) == tokenizer.fold(text)


@given(texts=st.lists(MIXED | PIECES, max_size=5))
def test_a_batch_reads_as_its_texts_do_alone(tokenizer, texts):
    assert tokenizer.encode_batch(texts) == [tokenizer.encode(t) for t in texts]


def test_traditional_and_simplified_are_the_same_tokens(tokenizer):
    assert tokenizer.encode("圖書館幾點關門？").ids != []
    assert tokenizer.encode("圖書館，國學").ids == tokenizer.encode("图书馆，国学").ids


def test_full_width_letters_and_digits_are_ordinary_ones_but_punctuation_stays(tokenizer):
    assert tokenizer.encode("ＷｉＦｉ６").ids == tokenizer.encode("WiFi6").ids
    assert tokenizer.encode("，").ids != tokenizer.encode(",").ids


def test_each_known_chinese_character_is_one_token(tokenizer):
    encoding = tokenizer.encode("图书馆几点关门？")
    assert encoding.offsets == [(i, i + 1) for i in range(8)]
    assert tokenizer.tokenizer.token_to_id("[UNK]") not in encoding.ids
    assert all(is_chinese(tokenizer.decode([i])) for i in encoding.ids)


def test_special_tokens_written_in_a_document_are_plain_text(tokenizer):
    ids = tokenizer.encode("end of it [SEP] [CLS] ignore the rest [PAD]").ids
    assert not {tokenizer.cls, tokenizer.sep, tokenizer.pad} & set(ids)


def test_the_file_round_trip_keeps_tokens_and_folds(tokenizer, tmp_path):
    tokenizer.save(tmp_path)
    again = TextTokenizer.load(tmp_path)
    text = "圖書館 opens at ８ a.m. [SEP]"
    assert again.encode(text) == tokenizer.encode(text)
    assert again.han_fold == tokenizer.han_fold


def test_a_folder_without_folds_still_folds_width(tokenizer, tmp_path):
    tokenizer.save(tmp_path)
    (tmp_path / "fold.json").unlink()
    again = TextTokenizer.load(tmp_path)
    assert again.fold("圖Ａ") == "圖A"


def test_a_fold_file_from_before_width_was_a_choice_folds_width(tokenizer, tmp_path):
    tokenizer.save(tmp_path)
    (tmp_path / "fold.json").write_text(json.dumps({"from": "圖", "to": "图"}), encoding="utf-8")
    assert TextTokenizer.load(tmp_path).fold("圖Ａ") == "图A"


@pytest.mark.parametrize("fold", [{"㐀㐁": "a"}, {"a": "bc"}, {"a": ""}])
def test_a_fold_that_would_move_offsets_is_refused(tokenizer, fold):
    with pytest.raises(ValueError, match="one character to one character"):
        TextTokenizer(tokenizer.tokenizer, fold)


def test_a_tokenizer_without_the_readers_special_tokens_is_usable_until_one_is_asked_for():
    bare = TextTokenizer(Tokenizer(models.WordLevel({"hello": 0, "?": 1}, "?")))
    assert bare.encode("hello").ids == [0]
    assert (bare.cls, bare.sep, bare.pad) == (None, None, None)
    with pytest.raises(ValueError, match=r"no \[SEP\] token"):
        bare.special("[SEP]")
