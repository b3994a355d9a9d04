"""Queries look at each other and at the photo, layer by layer (Carion et al. 2020; masked: Cheng et al. 2022)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Attention(nn.Module):
    """Multi-head attention with separate query, key and value projections."""

    def __init__(self, *, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)

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
        self.expand = nn.Linear(width, feedforward)
        self.contract = nn.Linear(feedforward, width)
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


class MaskedTransformerDecoder(nn.Module):
    """Layer i looks at level i, coarse to fine and round again; each query only inside its own mask so far."""

    def __init__(self, *, layers: Sequence[DecoderLayer], width: int, levels: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.inputs = nn.ModuleList(nn.Linear(width, width) for _ in range(levels))
        self.level_embeddings = nn.Parameter(torch.zeros(levels, width))
        self.norm = nn.LayerNorm(width)

    def forward(
        self,
        content: Tensor,
        positions: Tensor,
        levels: Sequence[Tensor],
        places: Sequence[Tensor],
        look: Callable[[Tensor, int], Tensor],
    ) -> list[Tensor]:
        """Normalised content of the start and of each layer: 1 + layers times [B, Q, width].

        content, positions: [B, Q, width].   levels: [B, width, h, w] each.   places: the levels' sine
        positions [B, h·w, width].   look(states, level): bool [B, Q, h·w], where each query may look on it.
        """
        memories = [
            project(level.flatten(2).transpose(1, 2)) + embedding + place
            for project, level, embedding, place in zip(self.inputs, levels, self.level_embeddings, places, strict=True)
        ]
        states = [self.norm(content)]
        for index, layer in enumerate(self.layers):
            level = index % len(memories)
            # Places are part of the values too: in the trial, masks stayed empty for minutes without.
            memory = memories[level]
            content = layer(content, positions, memory, memory, look(states[-1], level))
            states.append(self.norm(content))
        return states
