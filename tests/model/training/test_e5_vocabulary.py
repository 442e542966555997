"""Over the kept pieces the network reads as over all of them, and offsets index the text that was given."""

from __future__ import annotations

import string
from collections import Counter
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model.convert.import_e5 import E5
from model.network.config import GPTConfig
from model.network.gpt import GPT
from model.tokenizer import TextTokenizer
from model.training.e5_vocabulary import (
    LINE_BREAK,
    SPECIAL,
    full_pieces,
    kept_pieces,
    pieces_in,
    smaller_network,
    tokenizer_of,
)

FOLD = {"圖": "图", "書": "书", "館": "馆", "關": "关", "門": "门"}
WORDS = (
    "▁The",
    "▁the",
    "▁THE",
    "▁library",
    "▁opens",
    "▁at",
    "▁eight",
    "▁file",
    "fi",
    "▁图书馆",
    "图书馆",
    "图书",
    "几点",
)
UNUSED = ("▁Bibliothek", "▁otevřeno", "مكتبة", "ع", "Ж", "ü", "ß", "∑", "€", "圖", "馆", "▁馆")
SINGLE = ("▁", *(c for c in string.printable if not c.isspace()), "关", "门", "é", "½", "⁄")
PIECES = [
    *((name, 0.0) for name in ("<s>", "<pad>", "</s>", "<unk>")),
    *((w, -6.0 - i / 8) for i, w in enumerate(WORDS)),
    *((c, -11.0) for c in SINGLE),
    *((w, -9.0) for w in UNUSED),
]
TEXT = "The library opens at eight.\n圖書館几点关门？  THE file\r\n\r\n at the图书馆 the library."


@pytest.fixture(scope="module")
def e5():
    torch.manual_seed(2)
    gpt = GPT(
        GPTConfig(
            vocab_size=len(PIECES) + 5,
            n_layer=2,
            n_head=4,
            n_kv_head=4,
            n_embd=32,
            n_inner=48,
            max_positions=64,
            copy_head=False,
        )
    )
    with torch.no_grad():
        for parameter in gpt.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return E5(gpt.config, gpt.state_dict(), PIECES, bos=0, eos=2, pad=1, unk=3)


@pytest.fixture(scope="module")
def every(e5):
    """The tokenizer over all pieces."""
    return tokenizer_of(full_pieces(e5), FOLD)


@pytest.fixture(scope="module")
def kept(e5, every):
    return kept_pieces(e5, pieces_in([TEXT], every), 1, FOLD)


@pytest.fixture(scope="module")
def smaller(e5, kept):
    return smaller_network(e5, kept, FOLD, copy_head=True, match_features=True)


@pytest.fixture(scope="module")
def tokenizer(smaller):
    return smaller[1]


def pieces_of(tokenizer, text):
    encoding = tokenizer.encode(text)
    return [
        (tokenizer.tokenizer.id_to_token(i), text[a:b])
        for i, (a, b) in zip(encoding.ids, encoding.offsets, strict=True)
    ]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("The library opens", [("▁The", "The"), ("▁library", "library"), ("▁opens", "opens")]),
        ("   The \t library", [("▁The", "The"), ("▁library", "library")]),
        ("The\u3000library\u00a0opens", [("▁The", "The"), ("▁library", "library"), ("▁opens", "opens")]),
        ("ｌｉｂｒａｒｙ", [("▁library", "ｌｉｂｒａｒｙ")]),
        ("圖書館几点關門？", [("▁图书馆", "圖書館"), ("几点", "几点"), ("关", "關"), ("门", "門"), ("?", "？")]),
        ("The ﬁle", [("▁The", "The"), ("▁file", "ﬁle")]),
        ("at ㎏", [("▁at", "at"), ("▁", " "), ("k", "㎏"), ("g", "㎏")]),
        ("the\u200b library", [("▁the", "the"), ("▁library", "library")]),
        ("", []),
    ],
    ids=["words", "leading spaces", "wide spaces", "full width", "traditional", "ligature", "unit", "no width", "none"],
)
def test_each_piece_knows_the_characters_it_was_read_from(tokenizer, text, pieces):
    assert pieces_of(tokenizer, text) == pieces


@pytest.mark.parametrize("between", ["\n", "\r\n", "\n\n", "  \n\t\n  "])
def test_line_breaks_are_one_piece_and_words_behind_them_begin_anew(tokenizer, between):
    text = f"The{between}library"
    (first, broken, last), places = pieces_of(tokenizer, text), tokenizer.encode(text).offsets
    assert (first, last) == (("▁The", "The"), ("▁library", "library"))
    assert broken[0] == f"▁{LINE_BREAK}" and broken[1].isspace()
    assert places[0][1] <= places[1][0] < places[1][1] <= places[2][0]
    assert tokenizer.encode("The library").ids == [tokenizer.encode(text).ids[i] for i in (0, 2)]


MIXED = st.lists(
    st.sampled_from(
        (
            "The",
            "library",
            "图书馆",
            "圖書館",
            "几点",
            "ＡＢ９",
            "ﬁ",
            "½",
            "㎏",
            "…",
            "é",
            "日本",
            "🙂",
            "，",
            "。",
            " ",
            "  ",
            "\n",
            "\r\n ",
            "\t",
            "\u3000",
            "\u200b",
            "\ufeff",
            "\x00",
            "⏎",
            "▁",
            "[SEP]",
            "<s>",
            "007",
        )
    )
).map("".join)


@settings(deadline=None)
@given(text=MIXED)
def test_offsets_rise_and_are_nonempty_places_of_the_text(tokenizer, text):
    offsets = tokenizer.encode(text).offsets
    assert all(0 <= a < b <= len(text) for a, b in offsets)
    # one character may be several pieces ("㎏"), but none is read before an earlier one
    assert all(first[0] <= second[0] and first[1] <= second[1] for first, second in pairwise(offsets))


@settings(deadline=None)
@given(text=MIXED)
def test_a_piece_is_part_of_the_normalised_text_at_its_place(tokenizer, text):
    normalise = tokenizer.tokenizer.normalizer.normalize_str
    for piece, place in pieces_of(tokenizer, text):
        if piece not in ("[UNK]", f"▁{LINE_BREAK}"):
            assert piece.removeprefix("▁") in normalise(tokenizer.fold(place))


@settings(deadline=None)
@given(text=MIXED)
def test_what_is_no_white_space_is_read(tokenizer, text):
    """Every letter and figure lies in a piece."""
    covered = {i for a, b in tokenizer.encode(text).offsets for i in range(a, b)}
    assert {i for i, c in enumerate(text) if c.isalnum()} <= covered


def test_special_pieces_typed_in_a_text_are_ordinary_characters(tokenizer):
    for text in (*SPECIAL, "<s>", "</s>", "<pad>", "<unk>"):
        pieces = [piece for piece, _ in pieces_of(tokenizer, f"the {text} library")]
        assert pieces == ["▁the", "▁", *text, "▁library"]
    ids = tokenizer.encode(" ".join(SPECIAL)).ids
    assert not {tokenizer.special(name) for name in SPECIAL} & set(ids)


def test_the_special_pieces_have_the_first_ids(tokenizer):
    assert [tokenizer.special(name) for name in SPECIAL] == [0, 1, 2, 3]
    assert (tokenizer.cls, tokenizer.pad, tokenizer.sep) == (0, 1, 2)


@torch.inference_mode()
def test_what_is_written_in_kept_pieces_is_read_exactly_as_before(e5, every, kept, smaller):
    before = GPT(e5.config)
    before.load_state_dict(e5.state)
    gpt, tokenizer = smaller
    text = "The library opens at eight. 图书馆几点关门？ the file"
    old, new = every.encode(text), tokenizer.encode(text)
    assert [kept[i] for i in new.ids] == old.ids and new.offsets == old.offsets
    ids = torch.tensor([[every.cls, *old.ids, every.sep]])
    again = torch.tensor([[tokenizer.cls, *new.ids, tokenizer.sep]])
    expected = before.eval()(before.embed(ids))
    assert torch.equal(gpt.eval()(gpt.embed(again)), expected)
    # an untrained heading, conversation and passage are read as e5 reads any text
    for segment in range(4):
        assert torch.equal(gpt(gpt.embed(again, torch.full_like(again, segment))), expected)


def test_the_smaller_network_can_copy_and_has_a_segment_for_each_part_of_the_prompt(e5, kept, smaller):
    gpt, tokenizer = smaller
    assert gpt.copy_head is not None and gpt.matches is not None
    assert gpt.config.n_segments == 4
    assert gpt.config.vocab_size == tokenizer.vocab_size == len(kept) + 1
    bare, _ = smaller_network(e5, kept, FOLD, copy_head=False, match_features=False, dropout=0.1)
    assert bare.copy_head is None and bare.matches is None and bare.config.dropout == 0.1


def test_the_line_break_starts_as_the_full_stop(smaller):
    gpt, tokenizer = smaller
    (stop,) = [
        i
        for i, name in enumerate(tokenizer.tokenizer.id_to_token(i) for i in range(tokenizer.vocab_size))
        if name == "."
    ]
    assert tokenizer.tokenizer.id_to_token(tokenizer.vocab_size - 1) == f"▁{LINE_BREAK}"
    assert torch.equal(gpt.tokens.weight[-1], gpt.tokens.weight[stop])


def test_pieces_that_differ_in_case_or_place_only_are_of_one_class(smaller):
    gpt, tokenizer = smaller
    number = tokenizer.tokenizer.token_to_id
    classes = gpt.match_classes.tolist()
    assert len({classes[number(p)] for p in ("▁The", "▁the", "▁THE")}) == 1
    assert classes[number("▁图书馆")] == classes[number("图书馆")]
    assert classes[number("▁library")] != classes[number("▁file")]
    assert classes[:4] == [0, 1, 2, 3] and len(classes) == gpt.config.vocab_size
    assert classes[-1] == gpt.config.vocab_size - 1


def test_pieces_are_kept_that_are_seen_or_single_characters_of_our_scripts(e5):
    number = {text: i for i, (text, _) in enumerate(full_pieces(e5))}
    counts = Counter({number["▁Bibliothek"]: 3, number["▁library"]: 2})
    kept = {full_pieces(e5)[i][0] for i in kept_pieces(e5, counts, 3, FOLD)}
    assert set(SPECIAL) <= kept
    assert {"▁Bibliothek", "Ж", "ü", "ß", "∑", "€", "馆", "▁馆", "关", "▁", "a", "~"} <= kept
    # seen too seldom; of another script; written by its simplified form
    assert not {"▁library", "▁otevřeno", "مكتبة", "ع", "圖"} & kept
    assert kept_pieces(e5, counts, 3, FOLD) == sorted(kept_pieces(e5, counts, 3, FOLD))


def test_pieces_are_counted_in_every_text(every):
    counts = pieces_in(["The library"] * 300 + ["the"], every)
    number = every.tokenizer.token_to_id
    assert (counts[number("▁library")], counts[number("▁The")], counts[number("▁the")]) == (300, 300, 1)


def test_a_file_with_other_special_pieces_is_refused(e5):
    other = E5(e5.config, e5.state, e5.pieces, bos=1, eos=2, pad=0, unk=3)
    with pytest.raises(ValueError, match="not the first four"):
        full_pieces(other)


def test_the_tokenizer_survives_its_files(tokenizer, tmp_path):
    tokenizer.save(tmp_path)
    again = TextTokenizer.load(tmp_path)
    for text in (TEXT, "[SEP] <s>", "ﬁ ㎏\n\n ＡＢ"):
        assert again.encode(text) == tokenizer.encode(text)
