"""A batch as the network and the criterion see it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

# The grid on which our own data are prepared, the network's mask resolution: cells of 4×4 input pixels.
STRIDE = 4


@dataclass(frozen=True, eq=False)
class Target:
    """The truth of one image of a batch, on the grid of the mask logits or a finer one, the same in the whole batch.

    masks: uint8 [T, h, w], the share of each cell inside the mask, 0 … 255.
    labels: int64 [T], codes of `LabelCodes`.
    points: float32 [T, 2], a cell (x, y) of each mask near its centre and inside it, in cells.
    validity: bool [h, w], False where nothing may be learned: void, crowds, padding.
    complete: whether what no mask covers is known to be no object.
    name: the image's, for messages.
    real_size: height and width of the photo without padding, in cells; None: the whole grid.
    """

    masks: Tensor
    labels: Tensor
    points: Tensor
    validity: Tensor
    complete: bool
    name: str
    real_size: tuple[float, float] | None = None

    def coverage(self) -> Tensor:
        """The masks as float32 [T, h, w] in 0..1, zero where the validity is False."""
        return self.masks.float().div(255) * self.validity

    def to(self, device: torch.device) -> Target:
        """The same on another device."""
        moved = {field: getattr(self, field).to(device) for field in ("masks", "labels", "points", "validity")}
        return replace(self, **moved)


@dataclass(frozen=True, eq=False)
class Batch:
    """Photos of one size with their targets.

    pixels: uint8 [B, H, W, 3] RGB, not normalised.   padding_mask: bool [B, H, W], True at real pixels.
    """

    pixels: Tensor
    padding_mask: Tensor
    targets: tuple[Target, ...]

    def to(self, device: torch.device) -> Batch:
        """The same on another device."""
        targets = tuple(target.to(device) for target in self.targets)
        return Batch(self.pixels.to(device), self.padding_mask.to(device), targets)

    @property
    def names(self) -> tuple[str, ...]:
        """The images, for messages."""
        return tuple(target.name for target in self.targets)
