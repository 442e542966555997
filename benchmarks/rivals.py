"""Our network's own weights inside other people's software, so that a benchmark compares programs and not models."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import BertConfig, BertForQuestionAnswering

from model.convert.import_bert import bert_names
from model.network.gpt import GPT


def bert_of(gpt: GPT) -> Any:
    """A float32 `BertForQuestionAnswering` whose hidden states are those of `gpt` (match features left out).

    Raises:
        ValueError: the network is not BERT-shaped.
    """
    c = gpt.config
    if (c.norm, c.norm_position, c.position, c.mlp, c.n_kv_head) != ("layer", "post", "learned", "gelu", c.n_head):
        raise ValueError("only a BERT-shaped network can be loaded into BERT")
    config = BertConfig(
        vocab_size=c.vocab_size,
        hidden_size=c.n_embd,
        num_hidden_layers=c.n_layer,
        num_attention_heads=c.n_head,
        intermediate_size=c.n_inner,
        max_position_embeddings=c.max_positions,
        layer_norm_eps=c.norm_eps,
        type_vocab_size=c.n_segments,
    )
    bert: Any = BertForQuestionAnswering(config)
    ours = gpt.state_dict()
    theirs = {theirs: ours[name].float() for name, theirs in bert_names(c.n_layer).items()}
    missing, unexpected = bert.bert.load_state_dict(theirs, strict=False)
    if missing or unexpected:
        raise ValueError(f"the weights do not fit: {missing} {unexpected}")
    return bert.eval()


def export_onnx(bert: Any, ids: Tensor, segments: Tensor, file: Path) -> None:
    """Write BERT with its start and end scores as an ONNX graph for batches of the shape of `ids` (B, L)."""

    class Scores(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bert = bert

        def forward(self, ids: Tensor, segments: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
            found = self.bert(input_ids=ids, token_type_ids=segments, attention_mask=mask)
            return found.start_logits, found.end_logits

    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Scores(),
            (ids, segments, torch.ones_like(ids)),
            file,
            dynamo=False,
            opset_version=17,
            input_names=["ids", "segments", "mask"],
            output_names=["start", "end"],
        )


def to_int8(file: Path, small: Path) -> None:
    """Dynamic quantization: weights int8 once, activations at every product."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    logging.disable(logging.WARNING)  # it recommends a preprocessing that changes nothing here
    quantize_dynamic(file, small, weight_type=QuantType.QInt8)
    logging.disable(logging.NOTSET)


class OnnxRuntime:
    """A session on as many threads as torch uses."""

    def __init__(self, file: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 3
        self.session: Any = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])

    def __call__(self, ids: Tensor, segments: Tensor) -> list[NDArray[np.float32]]:
        """Start and end scores, (B, L) each."""
        feed = {"ids": ids.numpy(), "segments": segments.numpy(), "mask": np.ones(ids.shape, dtype=np.int64)}
        return self.session.run(None, feed)  # type: ignore[no-any-return]
