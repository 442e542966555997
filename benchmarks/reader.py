"""One question over eight passages of 200 tokens: our reader beside transformers' BertForQuestionAnswering.

Both have the same trunk (six layers, width 384) and read the same token ids in one run; ours also scores every
(start, end) pair and decodes the step after the quote. Prints milliseconds (median of `--rounds`), tokens per
second, the ratio, and the share of the matrix rate that a plain product reaches on this machine.

    python benchmarks/reader.py
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from transformers import BertConfig, BertForQuestionAnswering

from model.grounded import GroundedReader
from model.precision import fast_precision, has_amx
from rag_app.resources import shipped

PASSAGES, TOKENS = 8, 200


def median_ms(work: Callable[[], object], rounds: int) -> float:
    """Median wall time of `work`, after two warm-up calls."""
    times = []
    for i in range(rounds + 2):
        started = time.perf_counter()
        work()
        if i >= 2:
            times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times)


def matrix_rate(rounds: int) -> float:
    """GFLOP/s of a product of the shape that dominates the network: (1600, 384) x (384, 1536)."""
    a, b = torch.randn(PASSAGES * TOKENS, 384), torch.randn(384, 1536)
    with torch.inference_mode(), fast_precision():
        ms = median_ms(lambda: [torch.mm(a, b) for _ in range(20)], rounds)
    return 20 * 2 * a.size(0) * 384 * 1536 / ms / 1e6


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    reader = GroundedReader.load(shipped("models/reader"))
    word = "the pump of the machine is cleaned with water every other week and then dried well "
    question = "How often is the pump cleaned?"
    asked = len(reader.tokenizer.encode(question)) + 3
    ids = reader.tokenizer.encode(word * 40).ids[: TOKENS - asked]
    passage = reader.tokenizer.decode(ids)
    passages = [passage] * PASSAGES
    tokens = reader.read(question, passages).prompt_tokens

    config = BertConfig(
        vocab_size=reader.gpt.config.vocab_size, hidden_size=384, num_hidden_layers=6, num_attention_heads=12,
        intermediate_size=1536,
    )
    bert = BertForQuestionAnswering(config).eval()
    batch = torch.randint(1000, 20000, (PASSAGES, tokens // PASSAGES))
    mask = torch.ones_like(batch)

    def transformers_fp32() -> object:
        with torch.inference_mode():
            return bert(input_ids=batch, attention_mask=mask)

    def transformers_fast() -> object:
        with torch.inference_mode(), fast_precision():
            return bert(input_ids=batch, attention_mask=mask)

    rate = matrix_rate(rounds)
    flop = 2 * tokens * sum(p.numel() for p in reader.gpt.blocks.parameters())
    print(f"{torch.get_num_threads()} threads, bfloat16 in hardware: {has_amx()}, matrix rate {rate:.0f} GFLOP/s")
    rows = {
        "our reader (answer included)": median_ms(lambda: reader.read(question, passages), rounds),
        "transformers, float32": median_ms(transformers_fp32, rounds),
        "transformers, autocast as ours": median_ms(transformers_fast, rounds),
    }
    ours = rows["our reader (answer included)"]
    for name, ms in rows.items():
        share = flop / ms / 1e6 / rate
        print(f"{name:32} {ms:7.1f} ms  {1000 * tokens / ms:7.0f} tokens/s  {share:4.0%} of the rate  x{ms / ours:.2f}")


if __name__ == "__main__":
    main()
