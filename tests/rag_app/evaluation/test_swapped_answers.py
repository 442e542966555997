from rag_app.evaluation.answers import Question
from rag_app.evaluation.swapped_answers import Swap, swap_answers


def question(context: str, asked: str, answer: str, lang: str = "en") -> Question:
    return Question(f"{asked} {context}", asked, context, "", (answer,), lang, "")  # type: ignore[arg-type]


def swapped(*questions: Question) -> dict[str, Swap]:
    return {s.question.question: s for s in swap_answers(questions)}


def test_a_year_for_a_year_and_a_number_keeps_its_unit() -> None:
    found = swapped(
        question("Built in 1868. In 1868 it had 18681 bricks.", "Built when?", "in 1868"),
        question("Burnt in 1902.", "Burnt when?", "1902"),
        question("It takes 30 minutes, not 300.", "How long?", "30 minutes"),
        question("It costs 45 euros.", "How much?", "45 euros"),
    )
    assert found["Built when?"].context == "Built in 1902. In 1902 it had 18681 bricks."
    assert found["Built when?"].answers == ("in 1902",)
    assert found["How long?"].context == "It takes 45 minutes, not 300."
    assert found["How much?"].answers == ("30 euros",)


def test_a_name_for_a_name() -> None:
    found = swapped(
        question("Ada Lovelace wrote it.", "Who wrote it?", "Ada Lovelace"),
        question("Alan Turing broke it.", "Who broke it?", "Alan Turing"),
        question("The CPU does it.", "What does it?", "CPU"),
        question("It is green.", "Which colour?", "green"),
    )
    assert {k: s.context for k, s in found.items()} == {
        "Who wrote it?": "Alan Turing wrote it.",
        "Who broke it?": "Ada Lovelace broke it.",
    }


def test_chinese_numbers_and_places() -> None:
    found = swapped(
        question("押金为300元，2300元除外。", "押金多少？", "300元", "zh"),
        question("罚款500元。", "罚款多少？", "500元", "zh"),
        question("总部位于北京。", "总部在哪？", "北京", "zh"),
        question("工厂位于上海。", "工厂在哪？", "上海", "zh"),
    )
    assert found["押金多少？"].context == "押金为500元，2300元除外。"
    assert found["总部在哪？"].context == "总部位于上海。"


def test_left_out_when_the_swap_would_prove_nothing() -> None:
    found = swapped(
        question("Built in 1868, burnt in 1902.", "Built when?", "1868"),  # 1902 stands there already
        question("Burnt in 1902.", "What happened in 1902?", "1902"),  # the question names it
        question("It takes 3 hours and 20 minutes.", "How long?", "3 hours and 20 minutes"),
        Question("u", "Who?", "Nobody knows.", "", (), "en", ""),
    )
    assert found == {}
