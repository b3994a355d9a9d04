"""Which proposals come first."""

from __future__ import annotations

import torch
from torch import Tensor

# Above this overlap two masks are taken for the same thing; the lower-ranked one is put back.
DUPLICATE_IOU = 0.6


def mask_scores(class_logits: Tensor) -> Tensor:
    """How likely each query's mask is anything at all: [Q, K + 1] → [Q] in 0..1, one minus "no object"."""
    return 1 - class_logits.softmax(-1)[:, -1]


def demote_duplicates(scores: Tensor, inside: Tensor) -> Tensor:
    """Scores [Q] with near-copies put back: score × (1 − IoU) with the most similar better mask above DUPLICATE_IOU.

    inside: bool [Q, h, w], the masks on any grid. Nothing is dropped: copies stay as alternates.
    """
    order = scores.argsort(descending=True, stable=True)
    overlap = pairwise_iou(inside[order]).tril(-1).amax(1)
    demoted = torch.where(overlap > DUPLICATE_IOU, scores[order] * (1 - overlap), scores[order])
    return torch.empty_like(scores).scatter(0, order, demoted)


def pairwise_iou(inside: Tensor) -> Tensor:
    """Intersection over union of every two masks, bool [Q, h, w] → float32 [Q, Q]; 0 where both are empty."""
    flat = inside.flatten(1).float()
    shared = flat @ flat.T
    area = flat.sum(1)
    return shared / (area[:, None] + area - shared).clamp(min=1)
