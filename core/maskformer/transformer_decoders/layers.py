"""Attention and the layer of DETR's transformer decoder (Carion et al. 2020)."""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, nn

from core.maskformer.kernels.linear import Linear

# look(states [B, Q, width], stride): bool [B, Q, h·w], where each query may look at that stride.
Look = Callable[[Tensor, int], Tensor]


class Attention(nn.Module):
    """Multi-head attention with separate query, key and value projections."""

    def __init__(self, *, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = Linear(width, width)
        self.key = Linear(width, width)
        self.value = Linear(width, width)
        self.out = Linear(width, width)

    def forward(self, query: Tensor, key: Tensor, value: Tensor, allowed: Tensor | None = None) -> Tensor:
        """[B, Q, width] looks at [B, L, width]; `allowed` bool [B, Q or 1, L] is True where it may. → [B, Q, width]."""
        mixed = F.scaled_dot_product_attention(
            self._split(self.query(query)),
            self._split(self.key(key)),
            self._split(self.value(value)),
            attn_mask=None if allowed is None else allowed[:, None],
        )
        answer: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return answer

    def _split(self, x: Tensor) -> Tensor:
        """[B, L, width] → [B, heads, L, width / heads]."""
        return x.view(*x.shape[:2], self.heads, -1).transpose(1, 2)


class DecoderLayer(nn.Module):
    """DETR's layer: self-attention, cross-attention, feed-forward; each added, then normalised (post-norm)."""

    def __init__(self, *, width: int, heads: int, feedforward: int, dropout: float) -> None:
        super().__init__()
        self.self_attention = Attention(width=width, heads=heads)
        self.cross_attention = Attention(width=width, heads=heads)
        self.expand = Linear(width, feedforward)
        self.contract = Linear(feedforward, width)
        self.self_norm = nn.LayerNorm(width)
        self.cross_norm = nn.LayerNorm(width)
        self.final_norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, content: Tensor, positions: Tensor, keys: Tensor, values: Tensor, allowed: Tensor | None = None
    ) -> Tensor:
        """Content and positions [B, Q, width], keys and values [B, L, width], allowed bool [B, Q or 1, L] → content."""
        placed = content + positions
        content = self.self_norm(content + self.dropout(self.self_attention(placed, placed, content)))
        seen = self.cross_attention(content + positions, keys, values, allowed)
        content = self.cross_norm(content + self.dropout(seen))
        thought = self.contract(self.dropout(F.relu(self.expand(content))))
        answer: Tensor = self.final_norm(content + self.dropout(thought))
        return answer
