import json
import random
from dataclasses import replace

import pytest

from model.training.calibration_cases import PASSAGES, cases, questions


@pytest.fixture
def ask(tmp_path, recipe):
    """Questions made of rows, all of whose contexts are reserved for calibration."""

    def make(rows, held_out=()):
        for name, lines in (("en.jsonl", rows), ("zh.jsonl", []), ("out.jsonl", held_out)):
            (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in lines))
        return questions(replace(recipe, calibration_share=1.0, held_out=["out.jsonl"]), tmp_path, "en")

    return make


def row(context, question="When does the gate open?", answers=("noon",), **more):
    return {"context": context, "question": question, "answers": list(answers), "lang": "en", **more}


GATES = [row(f"The gate of the {place} opens at {hour}.", f"When does the gate of the {place} open?", [hour])
         for place, hour in (("castle", "noon"), ("harbour", "six"), ("abbey", "noon"), ("museum", "ten"))]


def test_the_own_passage_comes_first_and_no_other_holds_the_answer(ask):
    asked = {q.question: q for q in ask(GATES)}["When does the gate of the castle open?"]
    assert asked.passages[0] == GATES[0]["context"]
    assert set(asked.passages[1:]) == {GATES[1]["context"], GATES[3]["context"]}
    assert asked.priors[0] > max(asked.priors[1:]) >= 0


def test_what_a_passage_does_not_say_is_not_asked_of_the_same_document(ask):
    rows = [row("The gate is green.", answers=(), is_impossible=True, title="castle"),
            row("The gate of the castle opens at noon.", "What opens?", ("gate",), title="castle"),
            row("The gate of the harbour opens at six.", "What opens?", ("gate",), title="harbour")]
    asked = next(q for q in ask(rows) if not q.answers)
    assert asked.passages == ("The gate is green.", "The gate of the harbour opens at six.")


def test_repeated_and_held_out_and_unlocated_questions_are_left_out(ask):
    rows = [*GATES, {**GATES[0], "context": GATES[0]["context"].upper(), "answers": ["NOON"]},
            row("The tower is closed.", answers=("at night",))]
    assert len(ask(rows)) == len(GATES)
    assert [q.passages[0] for q in ask(rows, held_out=GATES[1:])] == [GATES[0]["context"]]


def test_passages_that_training_saw_are_not_used(ask, tmp_path, recipe):
    ask(GATES)
    assert questions(replace(recipe, calibration_share=0.0), tmp_path, "en") == []


def test_cases_scale_the_best_hit_to_one_even_without_the_right_passage(ask):
    rows = [row(f"Gate {i} of the castle opens at {i}.", f"When does gate {i} open?", [f"{i}."]) for i in range(12)]
    found = [c for q in ask(rows) for seed in range(20) for c in cases(q, random.Random(seed))]
    without = [c for c in found if 0 not in c.passages]
    alone = [c for c in found if c.passages == (0,)]
    assert without and alone
    assert all(max(c.priors) == 1.0 and min(c.priors) >= 0 and len(c.passages) <= PASSAGES for c in found)
    assert all(c.answers == () for c in without)
    assert all(c.answers for c in found if 0 in c.passages)
