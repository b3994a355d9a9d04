"""What a MaskFormer says about a batch of photos."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


def mask_product(mask_embeddings: Tensor, mask_features: Tensor) -> Tensor:
    """Mask logits, float32 [B, Q, h, w], of embeddings [B, Q, C] and features [B, C, h, w].

    Linear in the features: features pooled first give exactly the pooled logits. Autocast is kept out,
    because the spatial prior's channels cancel each other and bfloat16 would lose what is left.
    """
    with torch.autocast(mask_features.device.type, enabled=False):
        flat = torch.bmm(mask_embeddings.float(), mask_features.float().flatten(2))
        return flat.view(*flat.shape[:2], *mask_features.shape[2:])


@dataclass(frozen=True, eq=False)
class MaskFormerOutput:
    """N masks a photo, each as an embedding, with class logits; all tensors float32.

    B photos of H×W pixels, Q queries, K categories, C mask channels.

    class_logits: [B, Q, K + 1]; column k is the label set's k-th category, the last is "no object".
    mask_embeddings: [B, Q, C].
    mask_features: [B, C, ceil(H/4), ceil(W/4)]; one tensor, shared by all layers of a forward pass.
    auxiliary: the earlier layers' outputs, first layer first (before it: the queries as they start);
        empty in evaluation. Their own `auxiliary` is empty and their `point_logits` None.
    point_logits: [B, 1, ceil(H/8), ceil(W/8)], how likely a mask is centred in the cell; None when the
        queries do not come from the photo.
    query_points: [B, Q, 2], each query's (x, y) as fractions 0..1 of the real area (without padding);
        None when queries have no place.
    """

    class_logits: Tensor
    mask_embeddings: Tensor
    mask_features: Tensor
    auxiliary: tuple[MaskFormerOutput, ...] = ()
    point_logits: Tensor | None = None
    query_points: Tensor | None = None

    @property
    def mask_logits(self) -> Tensor:
        """[B, Q, ceil(H/4), ceil(W/4)], computed at each call: most uses need less than all of it."""
        return mask_product(self.mask_embeddings, self.mask_features)
