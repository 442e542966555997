"""Conversations become examples in which what a follow-up leaves out is quoted."""

from __future__ import annotations

import json
import lzma

import pytest

from model.follow_up_prompt import FOLLOW_UP_MARK, MOST_CHARACTERS, MOST_MESSAGES, conversation_passage
from model.json_lines import DataError
from model.training.examples import context_key
from model.training.follow_ups import CANARD, CAST, KDCONV, WRITTEN, canard_part, follow_up_examples
from model.training.rewritings import added_words

FRANCE = "Paris is the capital of France. The Eiffel Tower was built by Gustave Eiffel in 1889. It is 330 metres high."
WUHAN = "武汉大学是位于湖北武汉的一所大学，1893年创办，校园里的樱花很有名。"


def row(context, question, answer, **more):
    return {"context": context, "question": question, "answers": [answer], **more}


def dialogue(number):
    return [
        {"id": f"C_{number}_q1", "lang": "en", "history": [], "question": "Who is Ada Byron?",
         "rewrite": "Who is Ada Byron?"},
        {"id": f"C_{number}_q2", "lang": "en", "history": ["Who is Ada Byron?", "A mathematician."],
         "question": f"When was she born {number}?", "rewrite": f"When was Ada Byron born {number}?"},
    ]


@pytest.fixture
def data(tmp_path):
    files = {
        CANARD: [r for n in range(10) for r in dialogue(n)],
        CAST: [{"id": "c_2", "lang": "en", "history": ["What is throat cancer?"], "question": "Is it treatable?",
                "rewrite": "Is throat cancer treatable?"}],
        WRITTEN: [{"id": "f", "lang": "en", "dependent": False, "question": "When was Bonn founded?",
                   "history": [{"role": "user", "content": "Where is Kiel?"}], "standalone": "When was Bonn founded?"}],
        "docqa_train.en.jsonl.xz": [
            row(FRANCE, "Who built the Eiffel Tower?", "Gustave Eiffel"),
            row(FRANCE, "How high is the Eiffel Tower?", "330 metres"),
        ],
        "squad_train_44articles.en.jsonl.xz": [],
        "docqa_train.zh.jsonl.xz": [
            row(WUHAN, "武汉大学在哪个省？", "湖北", lang="zh", title="武汉大学"),
            row(WUHAN, "武汉大学是哪一年创办的？", "1893年", lang="zh", title="武汉大学"),
        ],
        "cmrc2018_train.zh.jsonl.xz": [],
        KDCONV: [
            {"context": "魂断蓝桥：上映时间：1940年", "question": "是哪年上映的？", "answers": ["1940年"],
             "history": ["看过魂断蓝桥吗？", "看过。"]},
            {"context": "魂断蓝桥：导演：勒鲁瓦", "question": "魂断蓝桥的导演是谁？", "answers": ["勒鲁瓦"],
             "history": ["看过魂断蓝桥吗？", "看过。"]},
        ],
    }
    folder = tmp_path / "qa"
    folder.mkdir()
    for name, rows in files.items():
        text = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows)
        (folder / name).write_bytes(lzma.compress(text.encode()))
    return tmp_path


def quoted(example):
    return [example.passage[a:b] for a, b in example.quotes]


def test_a_rewriting_is_quoted_from_the_conversation():
    passage = "Who led the group?\nFrank Zappa led it.\nWas Zappa rich?"
    [(start, end)] = added_words("Where was he born?", "Where was Zappa born?", passage)
    assert passage[start:end] == "Zappa"
    assert start > passage.index("\nWas")           # the last place


def test_a_name_is_quoted_in_full():
    passage = "Who led the group?\nFrank Zappa."
    [(start, end)] = added_words("Where was he born?", "Where was Zappa born?", passage)
    assert passage[start:end] == "Frank Zappa"


def test_two_pronouns_are_two_quotes_in_the_question_s_order():
    passage = "Did Marie Curie discover radium?\nYes."
    spans = added_words("When did she find it?", "When did Marie Curie find radium?", passage)
    assert [passage[a:b] for a, b in spans] == ["Marie Curie", "radium"]


def test_what_was_not_said_is_not_quoted():
    assert added_words("Where was he born?", "Where was Plato born?", "Who wrote it?\nA man.") == ()


def test_only_the_last_messages_are_read():
    said = [f"message {n} " + 60 * "x" for n in range(40)]
    lines = conversation_passage(said).split("\n")
    assert lines == said[-len(lines):]
    assert 4 < len(lines) <= MOST_MESSAGES
    assert len(conversation_passage([90 * "long " for _ in range(9)])) <= MOST_CHARACTERS


def test_each_kind_of_file_gives_examples(data):
    examples = follow_up_examples(data, 200, 0)
    assert all(e.question.startswith(FOLLOW_UP_MARK) for e in examples)
    by_source = {e.source: [x for x in examples if x.source == e.source] for e in examples}
    assert all(quoted(e) == ["Ada Byron"] for e in by_source[CANARD])
    assert [quoted(e) for e in by_source[CAST]] == [["throat cancer"]]
    assert all(e.quotes == () for e in by_source[WRITTEN])
    talks = {e.question.removeprefix(FOLLOW_UP_MARK): quoted(e) for e in by_source[KDCONV]}
    assert talks == {"是哪年上映的？": ["魂断蓝桥"], "魂断蓝桥的导演是谁？": []}
    for source, name in (("docqa_train.en.jsonl.xz", "Eiffel Tower"), ("docqa_train.zh.jsonl.xz", "武汉大学")):
        shortened = [e for e in by_source[source] if e.quotes]
        assert shortened
        assert all(quoted(e) == [name] and name not in e.question for e in shortened)
        assert all(name in e.question for e in by_source[source] if not e.quotes)


def test_the_same_seed_gives_the_same_examples(data):
    assert follow_up_examples(data, 200, 3) == follow_up_examples(data, 200, 3)


def test_the_last_dialogues_of_canard_never_train(data):
    trained = {e.question for e in follow_up_examples(data, 200, 0) if e.source == CANARD}
    assert trained == {f"{FOLLOW_UP_MARK}When was she born {n}?" for n in range(8)}
    rows = [r for n in range(10) for r in dialogue(n)]
    assert {r["id"][2] for r in canard_part(rows, "last")} == {"8", "9"}


def test_an_excluded_context_makes_nothing(data):
    examples = follow_up_examples(data, 200, 0, exclude={context_key(FRANCE), context_key("魂断蓝桥：导演：勒鲁瓦")})
    assert not any("Eiffel" in e.passage for e in examples)
    assert not any("导演" in e.question for e in examples)
    assert any("武汉大学" in e.passage for e in examples)


def test_a_missing_file_is_named(data):
    (data / "qa" / CAST).unlink()
    with pytest.raises(DataError, match="cast_rewrite"):
        follow_up_examples(data, 10, 0)


def test_a_row_without_a_question_is_named(data):
    (data / "qa" / "cmrc2018_train.zh.jsonl.xz").write_bytes(lzma.compress(b'{"context": "x"}\n'))
    with pytest.raises(DataError, match=r"cmrc2018_train.*line 1"):
        follow_up_examples(data, 10, 0)
