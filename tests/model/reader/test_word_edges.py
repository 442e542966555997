"""Which places lie inside a word, and what that does to the choice of a quote."""

from __future__ import annotations

import pytest

from model.reader.units import end_with_unit
from model.reader.word_edges import WordEdges, best_uncut

WORDS = ("国家科委", "统一", "管理", "七", "箭", "分钟", "内", "次", "会议", "第", "开始", "岁")


def segment(text):
    """Longest known word first, else one character."""
    while text:
        word = next((w for w in sorted(WORDS, key=len, reverse=True) if text.startswith(w)), text[0])
        yield word
        text = text[len(word) :]


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("国家科委统一管理", {1, 2, 3, 5, 7}),
        ("the gate", {1, 2, 5, 6, 7}),
        ("v2.3, x", {1, 2, 3}),
        ("1,000.", {1, 2, 3, 4}),
        ("用Key值", {2, 3}),
        ("", set()),
    ],
)
def test_places_inside_words(text, inside):
    words = WordEdges(text, segment)
    assert {i for i in range(-1, len(text) + 2) if words.inside_word(i)} == inside


def test_without_a_segmenter_chinese_may_be_cut_anywhere():
    assert not any(WordEdges("国家科委统一管理", None).inside_word(i) for i in range(9))


def test_a_cut_word_costs_half_and_no_more():
    words = WordEdges("国家科委统一管理", segment)
    cut, whole = (0, 5), (0, 4)
    assert best_uncut([0.5, 0.3], [cut, whole], words) == 1
    assert best_uncut([0.5, 0.2], [cut, whole], words) == 0
    assert best_uncut([0.5, 0.13, 0.2], [(1, 5), whole, cut], words) == 1
    assert best_uncut([0.2, 0.2], [whole, whole], words) == 0


@pytest.mark.parametrize(
    ("question", "passage", "quote", "whole"),
    [
        ("中了几箭？", "身中七箭而死", "七", "七箭"),
        ("多少分钟内不得配对？", "离开者4分钟内不得配对", "4", "4分钟"),
        ("可以住几天？", "可以住 1 天，须申请", "1", "1 天"),
        ("可以住几天？", "可以住 1 夜，须申请", "1", "1"),
        ("第几次会议通过？", "第1823次会议通过", "第1823", "第1823次"),
        ("牛佬多少岁开始工作？", "牛佬12岁开始工作", "12", "12岁"),
        ("几箭？", "身中七刀", "七", "七"),
        ("谁中箭？", "中了七箭", "七", "七"),
        ("中了几箭？", "中了很多箭", "很多", "很多"),
        ("中了几箭？", "中了七", "七", "七"),
    ],
)
def test_a_number_takes_the_unit_asked_for(question, passage, quote, whole):
    words = WordEdges(passage, segment)
    start = passage.index(quote)
    assert passage[start : end_with_unit(question, passage, start + len(quote), words)] == whole
