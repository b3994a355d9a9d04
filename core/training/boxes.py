"""Boxes: those of masks, and how far two are apart (Carion et al. 2020, section 3.1; Rezatofighi et al. 2019).

A box is (cx, cy, w, h), its corners (left, top, right, bottom), as fractions of the photo's sides.
Legend: M pairs, Q queries, T targets.
"""

from __future__ import annotations

import torch
from torch import Tensor

from core.training.truth import ImageTruth


def mask_boxes(truth: ImageTruth) -> Tensor:
    """The box around each target: float32 [T, 4], of its cells at least half as full as its fullest; valid cells alone.

    A target without a valid cell has the box of the whole grid, which nothing uses.
    """
    peak = truth.coverage.flatten(1).amax(1)[:, None, None] if len(truth.labels) else truth.coverage[:, :1, :1]
    inside = truth.coverage >= peak / 2
    (left, right), (top, bottom) = _span(inside.any(1)), _span(inside.any(2))
    height, width = truth.real_size
    boxes = torch.stack(((left + right) / 2, (top + bottom) / 2, right - left, bottom - top), dim=1)
    return boxes / boxes.new_tensor((width, height, width, height))


def _span(occupied_TN: Tensor) -> tuple[Tensor, Tensor]:
    """Where the first occupied cell begins and the last one ends, float32 [T] each."""
    count = occupied_TN.shape[1]
    first, last = occupied_TN.float().argmax(1), occupied_TN.flip(1).float().argmax(1)
    return first.float(), (count - last).float()


def corners(boxes: Tensor) -> Tensor:
    """(cx, cy, w, h) → (left, top, right, bottom), [..., 4] both."""
    centre, half = boxes[..., :2], boxes[..., 2:] / 2
    return torch.cat((centre - half, centre + half), dim=-1)


def generalised_iou(first: Tensor, second: Tensor) -> Tensor:
    """IoU less the share of the joint hull that neither fills, −1 … 1, of broadcast boxes [..., 4]: [...]."""
    first, second = corners(first), corners(second)
    shared = _area(torch.maximum(first[..., :2], second[..., :2]), torch.minimum(first[..., 2:], second[..., 2:]))
    hull = _area(torch.minimum(first[..., :2], second[..., :2]), torch.maximum(first[..., 2:], second[..., 2:]))
    joint = _area(first[..., :2], first[..., 2:]) + _area(second[..., :2], second[..., 2:]) - shared
    # A box without area is possible for an untrained head, and 0/0 would be no number.
    least = torch.finfo(hull.dtype).tiny
    return shared / joint.clamp(min=least) - (hull - joint) / hull.clamp(min=least)


def _area(low: Tensor, high: Tensor) -> Tensor:
    return (high - low).clamp(min=0).prod(-1)


def box_cost(boxes_Q4: Tensor, targets_T4: Tensor) -> tuple[Tensor, Tensor]:
    """L1 distance and 1 − generalised IoU of every query with every target, [..., Q, T] both."""
    queries, targets = boxes_Q4[..., :, None, :], targets_T4
    return (queries - targets).abs().sum(-1), 1 - generalised_iou(queries, targets)


def box_loss(boxes_M4: Tensor, targets_M4: Tensor) -> tuple[Tensor, Tensor]:
    """L1 distance and 1 − generalised IoU of each pair, [M] both."""
    return (boxes_M4 - targets_M4).abs().sum(-1), 1 - generalised_iou(boxes_M4, targets_M4)
