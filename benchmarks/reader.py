"""One question over eight passages of 200 tokens: our reader beside the same weights in other people's software.

Rivals: transformers' `BertForQuestionAnswering` and ONNX Runtime, each in the number formats that it offers. All read
the same token ids, taking turns in one run, on the same number of threads. The rivals' time is the forward pass alone.
Ours is the whole answer: tokenizing, the forward pass, the search over all (start, end) pairs, the step after a quote.

Prints the median of `--rounds` in milliseconds, prompt tokens a second, how many times ours that takes, and the share
of the rate at which this machine multiplies large matrices in its fastest format.

    python -m benchmarks.reader
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.rivals import OnnxRuntime, bert_of, export_onnx, to_int8
from ingest.resources import shipped
from model.checkpoint import load_checkpoint
from model.network.config import GPTConfig
from model.network.precision import number_format, reading_dtype
from model.reader.grounded import GroundedReader
from model.text.sentences import sentence_spans
from rag_app.chat_models.reader import words_of

PASSAGES, TOKENS = 8, 200
SIDE = 2048  # of the matrices that the rate is measured with
OURS = "our reader, whole answer"
TEXT = "The pump of the machine is cleaned with water every other week and then dried well. "
QUESTION = "How often is the pump cleaned?"


def medians_ms(works: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median wall time of each work; they take turns, so that other load on the machine meets all alike."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for i in range(rounds + 2):
        for name, work in works.items():
            started = time.perf_counter()
            work()
            if i >= 2:  # the first two warm up
                times[name].append(1000 * (time.perf_counter() - started))
    return {name: statistics.median(t) for name, t in times.items()}


def prompt(reader: GroundedReader) -> tuple[list[str], Tensor, Tensor]:
    """The passages, and the ids and segments (8, 200) that the reader makes of question and passage."""
    question = reader.tokenizer.encode(QUESTION).ids
    ids = reader.tokenizer.encode(TEXT * 40).ids[: TOKENS - len(question) - 3]
    cls, sep, _ = reader.special
    row = torch.tensor([cls, *question, sep, *ids, sep])
    segments = (torch.arange(TOKENS) >= len(question) + 2).long()
    return [reader.tokenizer.decode(ids)] * PASSAGES, row.repeat(PASSAGES, 1), segments.repeat(PASSAGES, 1)


def operations(c: GPTConfig) -> int:
    """Multiplications and additions of the blocks for the whole prompt: matrices, and attention's two products."""
    matrices = c.n_layer * (4 * c.n_embd**2 + 2 * c.n_embd * c.n_inner)
    attention = c.n_layer * 2 * TOKENS * c.n_embd
    return 2 * PASSAGES * TOKENS * (matrices + attention)


def transformers_rivals(folder: Path, ids: Tensor, segments: Tensor) -> dict[str, Callable[[], object]]:
    """BERT in float32, under autocast and in bfloat16.

    Raises:
        RuntimeError: its hidden states are not ours.
    """
    gpt, _ = load_checkpoint(folder)
    bert = bert_of(gpt)
    small = bert_of(gpt).to(torch.bfloat16)
    mask = torch.ones_like(ids)
    with torch.inference_mode():
        assert gpt.segments is not None
        ours = gpt(gpt.tokens(ids) + gpt.segments(segments))
        theirs = bert.bert(input_ids=ids, token_type_ids=segments, attention_mask=mask).last_hidden_state
    if not torch.allclose(ours, theirs, atol=1e-3):
        raise RuntimeError(f"not the same function: hidden states differ by {(ours - theirs).abs().max():.2g}")

    @torch.inference_mode()
    def full() -> object:
        return bert(input_ids=ids, token_type_ids=segments, attention_mask=mask)

    @torch.inference_mode()
    def autocast() -> object:
        with torch.autocast("cpu", torch.bfloat16):
            return full()

    @torch.inference_mode()
    def bfloat16() -> object:
        return small(input_ids=ids, token_type_ids=segments, attention_mask=mask)

    return {
        "transformers, float32": full,
        "transformers, autocast": autocast,
        "transformers, bfloat16": bfloat16,
    }


def onnx_rivals(folder: Path, ids: Tensor, segments: Tensor, work: Path) -> dict[str, Callable[[], object]]:
    """The same BERT exported to ONNX, in float32 and with int8 weights."""
    bert = bert_of(load_checkpoint(folder)[0])
    export_onnx(bert, ids, segments, work / "bert.onnx")
    to_int8(work / "bert.onnx", work / "int8.onnx")
    full, small = OnnxRuntime(work / "bert.onnx"), OnnxRuntime(work / "int8.onnx")
    return {
        "ONNX Runtime, float32": lambda: full(ids, segments),
        "ONNX Runtime, dynamic int8": lambda: small(ids, segments),
    }


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--reader", type=Path, default=shipped("models/reader"), help="a reader's folder")
    options = parser.parse_args()
    reader = GroundedReader.load(options.reader, words_of, sentence_spans)
    passages, ids, segments = prompt(reader)
    square = torch.randn(SIDE, SIDE).to(reading_dtype())
    works: dict[str, Callable[[], object]] = {
        "rate": lambda: square @ square,
        OURS: lambda: reader.read(QUESTION, passages),
        **transformers_rivals(options.reader, ids, segments),
    }
    if find_spec("onnx"):
        with tempfile.TemporaryDirectory() as work:
            works |= onnx_rivals(options.reader, ids, segments, Path(work))
    else:
        print("without ONNX Runtime: pip install -e '.[bench]'")
    took = medians_ms(works, options.rounds)
    rate = 2 * SIDE**3 / took.pop("rate")
    dtype, reason = number_format()
    print(f"{torch.get_num_threads()} threads, {dtype} ({reason}), matrix rate {rate / 1e6:.0f} GFLOP/s")
    for name, ms in took.items():
        print(
            f"{name:28} {ms:7.1f} ms {1000 * PASSAGES * TOKENS / ms:8.0f} tokens/s"
            f" {operations(reader.gpt.config) / ms / rate:5.0%} of the rate   x{ms / took[OURS]:.2f}"
        )


if __name__ == "__main__":
    main()
