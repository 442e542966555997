"""A dozen questions in two languages and a recipe for them: a training run that needs no file from outside."""

from __future__ import annotations

import json
import shutil

import pytest
import torch
from transformers import BertConfig, BertModel

from model.convert.import_bert import minilm_folder
from model.training import finished
from model.training.embedder import loop as train_embedder
from model.training.reader import prepare
from model.training.recipe import FileShare, Optimizer, Recipe, Stage, TextSource, Vocabulary

FILLER = "The house has four floors and a garden that visitors like. Dogs wait outside, bicycles stand by the gate. "
ENGLISH = [
    (f"{FILLER}The {place} opens at {hour} and costs {price} euros. {FILLER}", f"When does the {place} open?", hour)
    for place, hour, price in (
        ("library", "eight", "two"),
        ("museum", "nine", "twelve"),
        ("theatre", "noon", "thirty"),
        ("harbour", "six", "four"),
        ("castle", "ten", "seven"),
        ("station", "five", "three"),
    )
]
CHINESE = [
    (
        f"{place}一共有四层，门前可以停车，欢迎参观，请不要带狗进入大门。{place}早上{hour}开门，票价{price}元，周末不休息，"
        "学生可以免费借阅图书，请保持安静。",
        f"{place}几点开门？",
        hour,
    )
    for place, hour, price in (
        ("图书馆", "八点", "二"),
        ("博物馆", "九点", "十二"),
        ("剧院", "十二点", "三十"),
        ("城堡", "十点", "七"),
        ("港口", "六点", "四"),
        ("车站", "五点", "三"),
    )
]


def write(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    for lang, told in (("en", ENGLISH), ("zh", CHINESE)):
        write(
            folder / f"{lang}.jsonl",
            [
                {"context": c, "question": q, "answers": [a], "answer_start": [c.index(a)], "lang": lang}
                for c, q, a in told
            ],
        )
    write(folder / "parallel.jsonl", [{"en": e[1], "zh": z[1]} for e, z in zip(ENGLISH, CHINESE, strict=True)])
    return folder


@pytest.fixture(scope="session")
def recipe():
    files = [FileShare("en.jsonl"), FileShare("zh.jsonl", 1.5)]
    return Recipe(
        seed=7,
        vocabulary=Vocabulary(
            [TextSource("zh.jsonl", ["context", "question"])], parallel=["parallel.jsonl"], least_count=1
        ),
        held_out=[],
        # two stages and small epochs: an interruption has boundaries to stumble over
        stages=[Stage(0.5, files, negatives=0.5), Stage(1.0, files, several_part=0.1)],
        optimizer=Optimizer(steps=6, batch_tokens=128, warm_up=2, learning_rate=3e-4),
        calibration_share=0.0,
    )


@pytest.fixture(scope="session")
def small_bert_folder(tmp_path_factory):
    """A BERT with MiniLM's vocabulary but two thin layers."""
    folder = tmp_path_factory.mktemp("bert")
    torch.manual_seed(0)
    BertModel(
        BertConfig(
            vocab_size=30522,
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=64,
            max_position_embeddings=320,
            hidden_act="gelu",
        )
    ).save_pretrained(folder)
    shutil.copy(minilm_folder() / "tokenizer.json", folder)
    return folder


@pytest.fixture(scope="module")
def small_bert(small_bert_folder):
    """Training starts from the small BERT: seconds instead of a minute. Other modules' tests start from MiniLM."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (prepare, train_embedder, finished):
            patch.setattr(module, "minilm_folder", lambda: small_bert_folder)
        yield
