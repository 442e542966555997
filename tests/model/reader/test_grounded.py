"""Reading gives the same whatever shares the batch, the number format or the cache; quotes are verbatim."""

from __future__ import annotations

import itertools

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from ingest.resources import shipped
from model.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from model.network.precision import onednn_multiplies_bfloat16
from model.network.prepacking import PrepackedLinear
from model.reader import windows
from model.reader.grounded import GroundedReader
from model.reader.windows import GRAIN
from model.text.sentences import sentence_spans

QUESTION = "When does the library close?"
PASSAGES = [
    "图书馆周一至周五早上八点开门，晚上十点关门。",
    "The library opens at eight. It closes at ten in the evening, on Sundays at six.",
    "Books.",
    "The reading room on the second floor was painted in 1912 by a student of the academy. " * 3,
    "",
]


@pytest.fixture
def reader(make_gpt, tokenizer):
    return GroundedReader(make_gpt(vocab_size=tokenizer.vocab_size, max_positions=512), tokenizer)


@pytest.fixture(scope="module")
def exact():
    """The shipped reader in float32."""
    return GroundedReader(*load_checkpoint(shipped("models/reader")))


def assert_close(one, other, tolerance):
    """Equal quotes, and log-probabilities that differ by no more than `tolerance`."""
    for a, b in zip(one, other, strict=True):
        assert (a and a.quotes) == (b and b.quotes)
        if a is not None:
            assert a.log_probability == pytest.approx(b.log_probability, abs=tolerance)
            assert a.no_answer == pytest.approx(b.no_answer, abs=tolerance)


def test_quotes_are_verbatim_and_one_reading_answers_for_each_passage(reader):
    found = reader.read(QUESTION, PASSAGES)
    assert [r is None for r in found.readings] == [False, False, False, False, True]
    for passage, reading in zip(PASSAGES, found.readings, strict=True):
        for quote in reading.quotes if reading else ():
            assert passage[quote.start : quote.end] == quote.text != ""


def test_a_quote_is_no_likelier_than_not_stopping(exact):
    for reading in exact.read(QUESTION, PASSAGES[:4]).readings:
        assert torch.tensor([reading.log_probability, reading.no_answer]).logsumexp(0) <= 1e-6


@pytest.mark.parametrize("sentences", [None, sentence_spans], ids=["one look", "two looks"])
def test_what_shares_the_batch_changes_nothing(reader, sentences):
    reader.sentences = sentences
    alone = [reader.read(QUESTION, [p]).readings[0] for p in PASSAGES]
    assert_close(reader.read(QUESTION, PASSAGES).readings, alone, 1e-4)


def test_padding_to_whole_vectors_changes_nothing(reader, monkeypatch):
    padded = reader.read(QUESTION, PASSAGES).readings
    monkeypatch.setattr(windows, "GRAIN", 1)
    assert_close(padded, reader.read(QUESTION, PASSAGES).readings, 1e-4)


@pytest.mark.parametrize("padding", [0, 1, 2, GRAIN - 1])
def test_the_steps_after_the_first_quote_are_those_of_reading_all_again(reader, padding):
    """The cache, after much or little padding, against prompt and instructions in one sequence without."""
    nn.init.constant_(reader.head.stop.bias, -30.0)  # never stop
    question = reader.tokenizer.encode(QUESTION).ids
    passage = " ".join(["six", "ten", "two", "one"] * 2 * GRAIN)[: 4 * (5 * GRAIN - padding - len(question) - 3) - 1]
    text = reader.tokenizer.encode(passage)
    assert (len(question) + len(text) + 3 + padding) % GRAIN == 0
    (reading,) = reader.read(QUESTION, [passage], max_quotes=4).readings
    assert len(reading.quotes) > 2
    cls, sep, _ = reader.special
    ids = torch.tensor([[cls, *question, sep, *text.ids, sep]])
    body, prompt = len(question) + 2, ids.size(1)
    segments = (torch.arange(prompt) >= body).long()[None]
    free = torch.zeros_like(ids, dtype=torch.bool)
    free[:, body:-1] = True
    with torch.inference_mode():
        x = reader.gpt.embed(ids, segments)
        for step, quote in enumerate(reading.quotes):
            total = x.size(1)
            mask = torch.ones(total, total, dtype=torch.bool).tril()
            mask[:prompt, :prompt] = True
            hidden = reader.gpt(x, mask=mask)
            memory = hidden[:, :prompt]
            pairs = reader.head.likeliest_pairs(hidden[:, -1], memory, free)
            start = body + [a for a, _ in text.offsets].index(quote.start)
            end = body + [z for _, z in text.offsets].index(quote.end)
            assert step == 0 or (pairs.starts.item(), pairs.ends.item()) == (start, end)
            free[0, start : end + 1] = False
            instruction = reader.head.instruction(memory, torch.tensor([[start]]), torch.tensor([[end]]))
            x = torch.cat((x, instruction), dim=1)


def test_nothing_is_quoted_twice_and_no_answer_has_more_quotes_than_allowed(reader):
    nn.init.constant_(reader.head.stop.bias, -30.0)
    for reading in reader.read(QUESTION, PASSAGES[:4], max_quotes=4).readings:
        assert 1 <= len(reading.quotes) <= 4
        spans = sorted((q.start, q.end) for q in reading.quotes)
        assert all(end <= start for (_, end), (start, _) in itertools.pairwise(spans))


def test_a_fact_is_found_wherever_it_stands_in_a_passage_of_several_windows(exact):
    filler = "The garden behind the house is open to all guests of the museum. " * 30
    fact = "The library closes at ten in the evening. "
    for passage in (fact + filler + filler, filler + fact + filler, filler + filler + fact):
        (reading,) = exact.read(QUESTION, [passage]).readings
        assert "ten" in reading.quotes[0].text


TWO_SITES = (
    "The town has kept books since 1830. The library on Mill Street was given a new roof. The library on Mill Street "
    "closes at ten. Dogs stay outside. The library on Hill Street is smaller, and its garden is open to all. "
    "Parking is free for readers. The archive is in the cellar, and nobody may enter it alone."
)


def test_a_second_look_reads_the_sentences_around_the_quote_only(exact):
    question = "When does the library on Mill Street close?"
    closer = GroundedReader(exact.gpt, exact.tokenizer, sentences=sentence_spans)
    once, twice = exact.read(question, [TWO_SITES]), closer.read(question, [TWO_SITES])
    part = TWO_SITES[TWO_SITES.index("The library on Mill") : TWO_SITES.index(" The library on Hill")]
    tokens = len(exact.tokenizer.encode(part)) + len(exact.tokenizer.encode(question)) + 3
    assert twice.prompt_tokens == once.prompt_tokens + tokens
    (first,), (second,) = once.readings, twice.readings
    assert first.quotes[0].text in ("ten", "at ten") and "ten" in second.quotes[0].text
    assert second.no_answer == first.no_answer
    assert second.log_probability != first.log_probability
    for quote in second.quotes:
        assert TWO_SITES[quote.start : quote.end] == quote.text


@pytest.mark.parametrize("passage", ["The library closes at ten.", "Dogs bark. " * 40], ids=["short", "says nothing"])
def test_no_second_look_where_it_can_show_nothing_new(exact, passage):
    closer = GroundedReader(exact.gpt, exact.tokenizer, sentences=sentence_spans)
    clear = TWO_SITES + " The library closes at ten in the evening."
    alone = closer.read(QUESTION, [clear]).prompt_tokens
    both = closer.read(QUESTION, [clear, passage]).prompt_tokens
    assert both - alone == exact.read(QUESTION, [passage]).prompt_tokens


CLEAR = [PASSAGES[1], "The library has two floors. " * 4 + "In summer the library closes at nine o'clock."]


def test_bfloat16_weights_answer_as_float32_ones_do(exact):
    halved = GroundedReader(*load_checkpoint(shipped("models/reader"), torch.bfloat16))
    assert_close(halved.read(QUESTION, CLEAR).readings, exact.read(QUESTION, CLEAR).readings, 0.2)


@pytest.mark.skipif(not onednn_multiplies_bfloat16(), reason="nothing can be prepacked here")
def test_in_bfloat16_the_loaded_reader_is_prepacked_and_answers_as_float32(exact, monkeypatch):
    monkeypatch.setattr("model.network.precision.fast_bfloat16", lambda: True)
    loaded = GroundedReader.load(shipped("models/reader"))
    linear = [m for m in loaded.gpt.blocks.modules() if isinstance(m, nn.Linear | PrepackedLinear)]
    assert linear
    assert all(isinstance(m, PrepackedLinear) for m in linear)
    assert_close(loaded.read(QUESTION, CLEAR).readings, exact.read(QUESTION, CLEAR).readings, 0.2)


def test_where_bfloat16_is_not_fast_the_weights_stay_float32(make_gpt, tokenizer, tmp_path, monkeypatch):
    monkeypatch.setattr("model.network.precision.fast_bfloat16", lambda: False)
    save_checkpoint(tmp_path, make_gpt(vocab_size=tokenizer.vocab_size, max_positions=512), tokenizer, storage="small")
    loaded = GroundedReader.load(tmp_path)
    assert {p.dtype for p in loaded.gpt.parameters()} == {torch.float32}
    assert not any(isinstance(m, PrepackedLinear) for m in loaded.gpt.modules())
    assert loaded.read(QUESTION, PASSAGES).readings[0] is not None


TURNS = [("Where is the library?", "on Mill Street"), ("几点开门？", "八点")]
HEADINGS = ["图书馆", "Town guide › Libraries", "", "History", "nothing"]


@pytest.fixture
def in_context(make_gpt, tokenizer):
    """A reader of conversations and headings."""
    shape = {"vocab_size": tokenizer.vocab_size, "max_positions": 512, "n_segments": 4, "match_features": True}
    return GroundedReader(make_gpt(**shape), tokenizer)


def test_conversation_and_headings_are_read_before_each_passage(in_context):
    plain = in_context.read(QUESTION, PASSAGES)
    under = in_context.read(QUESTION, PASSAGES, headings=HEADINGS)
    after = in_context.read(QUESTION, PASSAGES, history=TURNS)
    tokens = [len(in_context.tokenizer.encode(h)) + 1 if h else 0 for h in HEADINGS]
    said = sum(len(in_context.tokenizer.encode(t)) + 1 for turn in TURNS for t in turn)
    assert under.prompt_tokens == plain.prompt_tokens + sum(tokens[:4])
    assert after.prompt_tokens == plain.prompt_tokens + 4 * said
    for i in range(4):
        changed = under.readings[i].no_answer != plain.readings[i].no_answer
        assert changed == bool(HEADINGS[i]), "a passage without a heading is read as before"
        assert after.readings[i].no_answer != plain.readings[i].no_answer
    for found in (under, after):
        assert all(PASSAGES[i][q.start : q.end] == q.text for i in range(4) for q in found.readings[i].quotes)


@pytest.mark.parametrize("sentences", [None, sentence_spans], ids=["one look", "two looks"])
def test_each_passage_is_read_under_its_own_heading_whatever_shares_the_batch(in_context, sentences):
    in_context.sentences = sentences
    together = in_context.read(QUESTION, PASSAGES, headings=HEADINGS, history=TURNS).readings
    alone = [
        in_context.read(QUESTION, [p], headings=[h], history=TURNS).readings[0]
        for p, h in zip(PASSAGES, HEADINGS, strict=True)
    ]
    assert_close(together, alone, 1e-4)


def test_a_long_passage_has_its_heading_in_every_window(in_context):
    passage = "The garden behind the house is open to all guests of the museum. " * 60
    plain = in_context.read(QUESTION, [passage])
    under = in_context.read(QUESTION, [passage], headings=["Garden"], history=TURNS)
    (reading,) = under.readings
    assert under.prompt_tokens > plain.prompt_tokens
    assert all(passage[q.start : q.end] == q.text for q in reading.quotes)


def test_a_reader_stored_before_there_were_headings_still_reads_without_them(make_gpt, tokenizer, tmp_path):
    gpt = make_gpt(vocab_size=tokenizer.vocab_size, max_positions=512, n_segments=2, match_features=True)
    before = GroundedReader(gpt, tokenizer).read(QUESTION, PASSAGES)
    save_checkpoint(tmp_path, gpt, tokenizer)
    weights = load_file(tmp_path / "model.safetensors")
    del weights["match_classes"]
    save_file(weights, tmp_path / "model.safetensors")
    old = GroundedReader(*load_checkpoint(tmp_path))
    assert not old.reads_context
    assert old.read(QUESTION, PASSAGES, headings=HEADINGS, history=TURNS) == old.read(QUESTION, PASSAGES) == before


def test_wrapping_a_network_leaves_it_as_it_is(reader):
    before = {n: p.clone() for n, p in reader.gpt.named_parameters()}
    reader.read(QUESTION, PASSAGES)
    assert all(torch.equal(p, before[n]) and p.dtype == torch.float32 for n, p in reader.gpt.named_parameters())


def test_a_network_without_a_copy_head_is_refused(make_gpt, tokenizer):
    with pytest.raises(CheckpointError, match="copy head"):
        GroundedReader(make_gpt(copy_head=False), tokenizer)
