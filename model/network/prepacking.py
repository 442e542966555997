"""Matrices in the layout that the CPU's matrix unit reads, made once at loading.

Otherwise oneDNN reorders every bfloat16 matrix at every product: an eighth of the time of a read. Queries, keys and
values become one product, and GELU is applied to a product while it is still in the cache. The operators are those
that torch.compile emits for a linear layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeGuard

import torch
from torch import Tensor, nn

from model.network.gpt import MLP, Attention

ROWS = 1600  # rows of a typical product, eight passages of 200 tokens; other numbers work, a little slower


class PrepackedLinear(nn.Module):
    """Bfloat16 `nn.Linear`s of one input side by side, perhaps with GELU; for inference only.

    Needs a CPU on which oneDNN multiplies bfloat16.
    """

    def __init__(self, linears: Sequence[nn.Linear], gelu: str | None = None) -> None:
        """Reorder a copy of the weights; the layers are left as they are.

        Args:
            linears: all with a bias or all without.
            gelu: None, or the `approximate` of an `nn.GELU` to apply.
        """
        super().__init__()
        weights = torch.cat([linear.weight.detach() for linear in linears])
        biases = [linear.bias.detach() for linear in linears if linear.bias is not None]
        self.weight: Tensor = torch.ops.mkldnn._reorder_linear_weight(weights, ROWS)
        self.bias = torch.cat(biases) if biases else None
        self.after = ("none", "") if gelu is None else ("gelu", gelu)

    def forward(self, x: Tensor) -> Tensor:
        """(..., in) -> (..., out of all layers), both bfloat16."""
        name, how = self.after
        return torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, name, [], how)  # type: ignore[no-any-return]


def prepack(module: nn.Module) -> None:
    """Replace all bfloat16 linear layers inside `module`, which can then only infer; others stay as they are."""
    if isinstance(module, Attention) and module.q.weight.dtype == torch.bfloat16:
        module.qkv = PrepackedLinear((module.q, module.k, module.v))
        del module.q, module.k, module.v
    if isinstance(module, MLP) and isinstance(module.gelu, nn.GELU) and module.gate is None and _packable(module.up):
        module.up = PrepackedLinear((module.up,), module.gelu.approximate)
        module.gelu = nn.Identity()
    for name, child in module.named_children():
        if _packable(child):
            setattr(module, name, PrepackedLinear((child,)))
        else:
            prepack(child)


def _packable(module: nn.Module) -> TypeGuard[nn.Linear]:
    return isinstance(module, nn.Linear) and module.weight.dtype == torch.bfloat16
