"""Matrices in the layout that the CPU's matrix unit reads, made once at loading.

Otherwise oneDNN reorders every bfloat16 matrix at every product: an eighth of the time of a read. The operators are
those that torch.compile emits for a linear layer.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

ROWS = 1600  # rows of a typical product, eight passages of 200 tokens; other numbers work, a little slower


class PrepackedLinear(nn.Module):
    """A bfloat16 `nn.Linear` for inference; needs a CPU on which oneDNN multiplies bfloat16."""

    def __init__(self, linear: nn.Linear) -> None:
        """Reorder a copy of the weight; `linear` is left as it is."""
        super().__init__()
        self.weight: Tensor = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach(), ROWS)
        self.bias = None if linear.bias is None else linear.bias.detach()

    def forward(self, x: Tensor) -> Tensor:
        """(..., in) -> (..., out), both bfloat16."""
        return torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, "none", [], "")  # type: ignore[no-any-return]


def prepack(module: nn.Module) -> None:
    """Replace all bfloat16 linear layers inside `module`, which can then only infer; others stay as they are."""
    for name, child in module.named_children():
        if isinstance(child, nn.Linear) and child.weight.dtype == torch.bfloat16:
            setattr(module, name, PrepackedLinear(child))
        else:
            prepack(child)
