from hypothesis import given
from hypothesis import strategies as st

from rag_app.evaluation.usual_fusions import fuse_min_max, fuse_ranks
from rag_app.retrieval.fusion import fuse, normalize

rankings = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.floats(0, 1)), unique_by=lambda hit: hit[0], max_size=8)


def test_scores_are_stretched_to_the_unit_interval() -> None:
    assert normalize([("a", 9.0), ("b", 5.0), ("c", 1.0)]) == {"a": 1.0, "b": 0.5, "c": 0.0}


def test_equal_scores_tell_nothing_apart() -> None:
    assert normalize([("a", 2.0), ("b", 2.0)]) == {"a": 0.5, "b": 0.5}
    assert normalize([("a", 2.0)]) == {"a": 1.0}


def test_a_hit_of_both_searches_beats_a_hit_of_one() -> None:
    dense, keyword = [("a", 0.61), ("b", 0.6), ("x", 0.1)], [("b", 0.5), ("c", 0.49), ("y", 0.1)]
    for fused in (fuse(dense, keyword, 0.5, 3), fuse_min_max(dense, keyword, 0.5, 3), fuse_ranks(dense, keyword, 3)):
        assert fused[0][0] == "b"


def test_the_weight_decides_between_the_searches() -> None:
    dense, keyword = [("a", 0.9), ("b", 0.2)], [("b", 0.9), ("a", 0.2)]
    assert [i for i, _ in fuse(dense, keyword, 0.9, 2)] == ["a", "b"]
    assert [i for i, _ in fuse(dense, keyword, 0.1, 2)] == ["b", "a"]


def test_the_best_of_a_bad_ranking_does_not_lead() -> None:
    dense, keyword = [("right", 0.8), ("x", 0.2), ("y", 0.1)], [("y", 0.02), ("z", 0.01)]
    assert fuse(dense, keyword, 0.5, 1) == [("right", 1.0)]
    assert fuse_min_max(dense, keyword, 0.4, 1)[0][0] == "y"


def test_a_passage_in_the_other_language_is_not_held_to_words_that_it_cannot_have() -> None:
    dense, keyword = [("right", 0.8), ("x", 0.4), ("y", 0.1)], [("x", 0.25), ("y", 0.2)]
    assert fuse(dense, keyword, 0.3, 1)[0][0] == "x"
    assert fuse(dense, keyword, 0.3, 1, foreign={"right"})[0][0] == "right"
    # words that it does have, a name or a number, count as always
    found = [("right", 0.5), ("x", 0.5)]
    both = fuse([("right", 0.2), ("x", 0.2), ("y", 0.1)], found, 0.3, 3, foreign={"right"})
    assert dict(both)["right"] == dict(both)["x"]


def test_ranks_alone_decide_in_reciprocal_rank_fusion() -> None:
    (first, second) = fuse_ranks([("a", 100.0), ("b", 0.1)], [("a", 0.2)], 5)
    assert first == ("a", 1 / 61)
    assert second == ("b", 0.5 / 62)


@given(rankings, rankings, st.floats(0, 1), st.integers(1, 10))
def test_fusion_loses_nothing_and_stays_in_bounds(
    dense: list[tuple[str, float]], keyword: list[tuple[str, float]], weight: float, k: int
) -> None:
    foreign = {i for i, _ in dense[::2]}
    for fused in (fuse(dense, keyword, weight, k, foreign), fuse_min_max(dense, keyword, weight, k)):
        assert len(fused) == min(k, len({i for i, _ in [*dense, *keyword]}))
        assert all(-1e-9 <= score <= 1 + 1e-9 for _, score in fused)
        assert [s for _, s in fused] == sorted((s for _, s in fused), reverse=True)
