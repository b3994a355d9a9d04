"""What a query source gives the transformer decoder."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, eq=False)
class StartingQueries:
    """content, positions: [B, Q, width].

    points: [B, Q, 2], (x, y) in 0..1, and point_logits: [B, 1, h, w] at stride 8; None for queries without a place.
    """

    content: Tensor
    positions: Tensor
    points: Tensor | None = None
    point_logits: Tensor | None = None
