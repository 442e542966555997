"""A recipe is read as written, or refused with the name of what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from model.training.recipe import Optimizer, RecipeError, load_recipe
from model.training.synthetic import conversations

RECIPES = Path(__file__).parents[3] / "data" / "recipes"
SHIPPED = RECIPES / "reader.toml"
FIRST = RECIPES / "reader_first.toml"


def changed(tmp_path, old, new):
    text = FIRST.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "recipe.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_the_shipped_recipe_loads():
    recipe = load_recipe(SHIPPED)
    assert recipe.stages[-1].until == 1.0
    assert recipe.optimizer.steps > 0
    assert all(stage.files for stage in recipe.stages)


def test_the_shipped_recipe_starts_from_e5_and_from_no_other_reader():
    recipe = load_recipe(SHIPPED)
    assert recipe.after is None and recipe.vocabulary is not None
    assert recipe.vocabulary.trunk == "e5"


def test_the_first_readers_recipe_still_starts_from_minilm():
    words = load_recipe(FIRST).vocabulary
    assert words is not None and words.trunk == "minilm" and words.parallel


def test_questions_on_private_documents_are_read_over_windows():
    files = {share.file: share.documents for stage in load_recipe(SHIPPED).stages for share in stage.files}
    assert files["qa/private_train.en.jsonl.xz"] and files["qa/private_train.zh.jsonl.xz"]
    assert not files["qa/squad_train_44articles.en.jsonl.xz"]


@pytest.mark.parametrize("path", [FIRST, SHIPPED], ids=["first", "shipped"])
def test_a_recipe_trains_on_no_evaluation_file(path):
    recipe = load_recipe(path)
    trained = {share.file for stage in recipe.stages for share in [*stage.files, *stage.practice]}
    if any(p.kind == "shortened" for stage in recipe.stages for p in stage.practice):
        trained |= {f"qa/{name}" for name in conversations.FILES}
    assert not trained & set(recipe.held_out)
    assert not any("dev_articles" in name or "trial" in name or "EVALONLY" in name for name in trained)


def test_another_trunk_is_refused(tmp_path):
    with pytest.raises(RecipeError, match="trunk 'bert' does not exist: minilm or e5"):
        load_recipe(changed(tmp_path, "[vocabulary]", '[vocabulary]\ntrunk = "bert"'))


def test_shortened_questions_know_their_files(tmp_path):
    practice = 'practice = [{ kind = "shortened", count = 1 }]\nnegatives ='
    [made] = load_recipe(changed(tmp_path, "negatives =", practice)).stages[0].practice
    assert (made.kind, made.file, made.count) == ("shortened", "", 1)


@pytest.mark.parametrize(
    "practice", ['{ kind = "riddles", file = "t", count = 1 }', '{ kind = "cloze", lang = "en", count = 1 }']
)
def test_practice_of_an_unknown_kind_is_refused(tmp_path, practice):
    with pytest.raises(RecipeError, match="practice of kind"):
        load_recipe(changed(tmp_path, "negatives =", f"practice = [{practice}]\nnegatives ="))


def test_a_mean_with_the_network_before_needs_one(tmp_path):
    with pytest.raises(RecipeError, match="share_of_before"):
        load_recipe(changed(tmp_path, "seed =", "share_of_before = 0.5\nseed ="))


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("seed =", "speed = 1\nseed =", "speed"),
        ("clip =", "clips = 2\nclip =", "clips"),
        ("least_count =", "least = 2\nleast_count =", "least"),
        ("negatives =", "positives = 1\nnegatives =", "positives"),
        ("times = 1 }", "time = 1 }", "time"),
        ('fields = ["zh"] }', 'fields = ["zh"], size = 3 }', "size"),
    ],
)
def test_an_unknown_field_is_named(tmp_path, old, new, named):
    with pytest.raises(RecipeError, match=f"unknown fields .*'{named}'"):
        load_recipe(changed(tmp_path, old, new))


@pytest.mark.parametrize(("old", "named"), [("seed =", "seed"), ("steps =", "steps")])
def test_a_missing_field_is_named(tmp_path, old, named):
    with pytest.raises(RecipeError, match=named):
        load_recipe(changed(tmp_path, f"\n{old}", "\n#"))


@pytest.mark.parametrize("until", ["0.9", "0.5"])
def test_stages_must_rise_to_the_end(tmp_path, until):
    with pytest.raises(RecipeError, match=r"the last at 1\.0"):
        load_recipe(changed(tmp_path, "until = 1.0", f"until = {until}"))


def test_a_missing_file_or_broken_toml_is_named(tmp_path):
    with pytest.raises(RecipeError, match=r"absent.*no such file"):
        load_recipe(tmp_path / "absent.toml")
    (tmp_path / "broken.toml").write_text("seed = = 1")
    with pytest.raises(RecipeError, match=r"broken\.toml"):
        load_recipe(tmp_path / "broken.toml")


def test_the_rate_warms_up_stays_and_falls_to_zero():
    settings = Optimizer(steps=100, warm_up=10, decay_share=0.4)
    rates = [settings.rate(s) for s in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[10:61] == [1.0] * 51
    assert rates[60:] == sorted(rates[60:], reverse=True)
    assert rates[80] == pytest.approx(0.5)
    assert rates[100] == 0
