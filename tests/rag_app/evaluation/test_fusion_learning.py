import pytest

from model.text.language import Language
from rag_app.evaluation.fusion_learning import GRID, best_weight, learn_weights
from rag_app.evaluation.retrieval import Found


def found(lang: Language, dense: dict[str, float], keyword: dict[str, float]) -> Found:
    """One query whose relevant document is `right`."""
    names = {i: i for i in [*dense, *keyword]}
    return Found(lang, {"right": 1}, list(dense.items()), list(keyword.items()), names)


DENSE_IS_RIGHT = ({"right": 0.9, "wrong": 0.5, "x": 0.1}, {"wrong": 0.6, "right": 0.1})
KEYWORD_IS_RIGHT = ({"wrong": 0.9, "right": 0.5, "x": 0.1}, {"right": 0.6, "wrong": 0.1})


def test_each_language_gets_the_weight_of_the_search_that_is_right() -> None:
    learned = learn_weights(
        {
            "one": [found("en", *DENSE_IS_RIGHT), found("zh", *KEYWORD_IS_RIGHT)],
            "two": [found("en", *DENSE_IS_RIGHT)],
        }
    )
    assert learned["weights"]["en"] > 0.6
    assert learned["weights"]["zh"] < 0.4
    assert learned["curves"]["en"]["1.0"] == 1.0
    assert learned["curves"]["en"]["0.0"] == pytest.approx(0.6309, abs=1e-4)


def test_a_set_is_judged_with_the_weight_of_the_others() -> None:
    learned = learn_weights({"one": [found("en", *DENSE_IS_RIGHT)], "two": [found("en", *KEYWORD_IS_RIGHT)]})
    assert learned["held_out"]["en"]["one"]["ndcg_at_10"] < 1
    assert learned["held_out"]["en"]["one"]["weight"] < 0.4
    assert learned["held_out"]["en"]["two"]["weight"] > 0.6


def test_the_middle_of_equally_good_weights_is_taken() -> None:
    assert best_weight({w: 0.5 if 0.3 <= w <= 0.5 else 0.4 for w in GRID}) == 0.4
