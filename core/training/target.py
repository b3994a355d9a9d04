"""A batch as the network and the criterion see it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from core.training.data.images import Skipped

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
    points_seed: what the points of its mask loss are drawn by, where that is configured.
    rejected: uint8 [R, h, w] like the masks, what a person said is no object; None: nothing is. It matters where the
        image is not complete.
    """

    masks: Tensor
    labels: Tensor
    points: Tensor
    validity: Tensor
    complete: bool
    name: str
    real_size: tuple[float, float] | None = None
    points_seed: int = 0
    rejected: Tensor | None = None

    def coverage(self) -> Tensor:
        """The masks as float32 [T, h, w] in 0..1, zero where the validity is False."""
        return self.masks.float().div(255) * self.validity

    def to(self, device: torch.device) -> Target:
        """The same on another device."""
        moved = {field: getattr(self, field).to(device) for field in ("masks", "labels", "points", "validity")}
        return replace(self, **moved, rejected=None if self.rejected is None else self.rejected.to(device))


@dataclass(frozen=True, eq=False)
class Batch:
    """Photos of one size with their targets.

    pixels: uint8 [B, H, W, 3] RGB, not normalised.   padding_mask: bool [B, H, W], True at real pixels.
    skipped: photos that were drawn first and cannot be used.
    """

    pixels: Tensor
    padding_mask: Tensor
    targets: tuple[Target, ...]
    skipped: tuple[Skipped, ...] = ()

    def to(self, device: torch.device) -> Batch:
        """The same on another device, in one copy a field: hundreds of small copies would be slow."""
        joined = [
            _moved([getattr(target, field) for target in self.targets], device)
            for field in ("masks", "labels", "points")
        ]
        validity = torch.stack([target.validity for target in self.targets]).to(device)
        rejected = _moved([target.rejected for target in self.targets if target.rejected is not None], device)
        targets = tuple(
            replace(
                target,
                masks=masks,
                labels=labels,
                points=points,
                validity=valid,
                rejected=None if target.rejected is None else next(rejected),
            )
            for target, masks, labels, points, valid in zip(self.targets, *joined, validity, strict=True)
        )
        return replace(self, pixels=self.pixels.to(device), padding_mask=self.padding_mask.to(device), targets=targets)

    def parts(self, count: int) -> list[Batch]:
        """The batch in `count` parts, which differ by one photo at most; fewer when it has fewer photos."""
        sizes = [len(places) for places in torch.arange(len(self.targets)).tensor_split(count) if len(places)]
        starts = [sum(sizes[:number]) for number in range(len(sizes))]
        cuts = [slice(start, start + size) for start, size in zip(starts, sizes, strict=True)]
        return [Batch(self.pixels[cut], self.padding_mask[cut], self.targets[cut]) for cut in cuts]

    @property
    def names(self) -> tuple[str, ...]:
        """The images, for messages."""
        return tuple(target.name for target in self.targets)


def _moved(parts: Sequence[Tensor], device: torch.device) -> Iterator[Tensor]:
    """The parts on the device, in one copy."""
    return iter(torch.split(torch.cat(list(parts)).to(device), [len(part) for part in parts]) if parts else ())
