"""Pairs made of documents and of questions."""

from __future__ import annotations

import json
import random

from model.training.embedder.retrieval_pairs import (
    Asked,
    Passage,
    documents,
    draw_from_document,
    draw_from_question,
    questions,
    sentences,
    units,
)
from model.training.examples import HeldOutText, context_key

FILLER = "这里写的是别的事情，与问题没有什么关系，只是为了让这一段足够长一些。"


def lines(path, rows):
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8")
    return path


def test_a_document_is_cut_below_its_headings(tmp_path):
    text = "# 手册\n\n## 开门\n\n" + FILLER * 3 + "早上八点开门。\n\n## 票价\n\n" + FILLER * 3 + "票价两元。\n"
    found = documents(lines(tmp_path / "t.jsonl", [{"text": text}]), 9, HeldOutText([]), 0)
    assert [(p.title, p.heading) for p in found[0]] == [("手册", "开门"), ("手册", "票价")]
    assert "早上八点开门" in found[0][0].text
    assert len({p.key for p in found[0]}) == 2 and len({p.document for p in found[0]}) == 1


def test_evaluation_passages_are_left_out(tmp_path):
    secret = "本市图书馆自二〇一九年起每天早上八点开门晚上十点关门节假日照常开放"
    dev = lines(tmp_path / "dev.jsonl", [{"context": secret, "question": "几点？"}])
    texts = [f"# 馆\n\n{secret}{FILLER}\n", f"# 馆\n\n{FILLER * 2}不同。\n"]
    text = lines(tmp_path / "t.jsonl", [{"text": t} for t in texts])
    found = documents(text, 9, HeldOutText([dev]), 0)
    assert len(found) == 1 and "八点" not in found[0][0].text
    asked = lines(tmp_path / "q.jsonl", [{"context": secret, "question": "几点？", "answers": ["八点"]}])
    assert questions(asked, {context_key(secret)}, 0.0, 0) == []
    assert len(questions(asked, set(), 0.0, 0)) == 1


def test_similar_passages_with_the_answer_are_no_negatives(tmp_path):
    rows = [
        {"context": f"The {w} opens at {h} in the morning.", "question": f"When does the {w} open?", "answers": [h]}
        for w, h in (("library", "eight"), ("museum", "eight"), ("castle", "ten"))
    ]
    found = questions(lines(tmp_path / "q.jsonl", rows), set(), 0.0, 2)
    assert found[0].others == ("The castle opens at ten in the morning.",)


def test_the_window_around_an_answer_holds_it():
    sentence = "The gate closes at nine."
    text = " ".join([f"Sentence number {n} says nothing of interest to anybody." for n in range(30)])
    asked = Asked("When?", Passage(f"{text} {sentence} {text}"), "nine")
    for seed in range(20):
        drawn = draw_from_question(asked, random.Random(seed), 60)
        assert "nine" in drawn.passage and units(drawn.passage) <= 70


def test_queries_from_a_document_are_its_headings_or_its_sentences():
    passage = Passage(f"图书馆每天早上八点开门迎接读者。{FILLER}", "手册", "开门", "d", "k")
    kinds = set()
    for seed in range(60):
        drawn = draw_from_document(passage, random.Random(seed))
        assert drawn is not None
        if drawn.query in {"手册 开门", "开门"}:
            kinds.add("heading")
            assert drawn.passage == passage.text
        else:
            kinds.add("kept" if drawn.query in drawn.passage else "removed")
            assert drawn.query in passage.text
    assert kinds == {"heading", "kept", "removed"}


def test_a_title_alone_stands_for_the_whole_document():
    drawn = [draw_from_document(Passage("短。", "手册", "", "d", "k"), random.Random(s)) for s in range(5)]
    assert all(d is not None and d.titled and d.query == "手册" for d in drawn)


def test_sentences_are_neither_scraps_nor_monsters():
    assert sentences("短。" + "长" * 200 + "。图书馆早上八点开门迎接读者。") == ["图书馆早上八点开门迎接读者。"]
