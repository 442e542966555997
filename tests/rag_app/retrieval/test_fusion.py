from hypothesis import given
from hypothesis import strategies as st

from rag_app.retrieval.fusion import fuse, normalize

rankings = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.floats(-100, 100)), unique_by=lambda hit: hit[0], max_size=8
)


def test_scores_are_stretched_to_the_unit_interval() -> None:
    assert normalize([("a", 9.0), ("b", 5.0), ("c", 1.0)]) == {"a": 1.0, "b": 0.5, "c": 0.0}


def test_equal_scores_tell_nothing_apart() -> None:
    assert normalize([("a", 2.0), ("b", 2.0)]) == {"a": 0.5, "b": 0.5}
    assert normalize([("a", 2.0)]) == {"a": 1.0}


def test_a_hit_of_both_searches_beats_a_hit_of_one() -> None:
    fused = fuse([("a", 3.0), ("b", 2.9), ("x", 0.0)], [("b", 7.0), ("c", 6.9), ("y", 0.0)], 0.5, 3)
    assert fused[0][0] == "b"


def test_the_weight_decides_between_the_searches() -> None:
    dense, keyword = [("a", 1.0), ("b", 0.0)], [("b", 1.0), ("a", 0.0)]
    assert fuse(dense, keyword, 0.9, 1) == [("a", 0.9)]
    assert fuse(dense, keyword, 0.1, 1) == [("b", 0.9)]


@given(rankings, rankings, st.floats(0, 1), st.integers(1, 10))
def test_fusion_loses_nothing_and_stays_in_bounds(
    dense: list[tuple[str, float]], keyword: list[tuple[str, float]], weight: float, k: int
) -> None:
    fused = fuse(dense, keyword, weight, k)
    assert len(fused) == min(k, len({i for i, _ in [*dense, *keyword]}))
    assert all(-1e-9 <= score <= 1 + 1e-9 for _, score in fused)
    assert [s for _, s in fused] == sorted((s for _, s in fused), reverse=True)
