"""From a query's state to its box, as extra supervision (Carion et al. 2020, section 3.1; Li et al. 2023)."""

from __future__ import annotations

from torch import Tensor, nn

from core.maskformer.heads.mlp import MLP


class BoxHead(nn.Module):
    """DETR's: an MLP of three layers and a sigmoid."""

    def __init__(self, *, width: int) -> None:
        super().__init__()
        self.mlp = MLP(width, width, width, 4)

    def forward(self, states: Tensor) -> Tensor:
        """[B, Q, width] → float32 [B, Q, 4]: (cx, cy, w, h), fractions 0..1 of the real area's width and height."""
        logits: Tensor = self.mlp(states)
        return logits.float().sigmoid()
