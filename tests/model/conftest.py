"""Tiny networks with random weights, and the shipped English tokenizer taught some Chinese."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer

from model.convert.import_bert import minilm_folder
from model.network.config import GPTConfig
from model.network.gpt import GPT
from model.tokenizer import TextTokenizer
from model.training.vocabulary import extend_tokenizer

CHINESE = "图书馆几点关门国学习周一至五早上八开晚十。，？"
HAN_FOLD = {"圖": "图", "書": "书", "館": "馆", "關": "关", "門": "门", "國": "国", "學": "学", "習": "习", "點": "点"}


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """Tiny networks gain nothing from threads, and sums in one order are the same sums."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tokenizer() -> TextTokenizer:
    base = Tokenizer.from_file(str(minilm_folder() / "tokenizer.json"))
    return extend_tokenizer(base, CHINESE, HAN_FOLD)


@pytest.fixture
def make_gpt() -> Callable[..., GPT]:
    """Build a two-layer network; keyword arguments change its config."""

    def make(**changes: Any) -> GPT:
        torch.manual_seed(3)
        shape = {
            "vocab_size": 61,
            "n_layer": 2,
            "n_head": 4,
            "n_kv_head": 4,
            "n_embd": 32,
            "n_inner": 48,
            "max_positions": 40,
            "language_model": True,
        }
        gpt = GPT(GPTConfig(**(shape | changes)))
        with torch.no_grad():  # far from where training starts, so that a mistake in any one shows
            for parameter in gpt.parameters():
                noise = torch.randn_like(parameter)
                parameter.copy_(0.4 * noise if parameter.dim() > 1 else parameter + 0.1 * noise)
        return gpt.eval()

    return make
