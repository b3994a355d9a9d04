"""One image's truth as the losses use it, and the grids on which masks are compared.

Legend: B images, T targets (of one image, or as many as any image has), M masks, P cells or points, h×w cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor

from core.maskformer.output import average_pooled, sampled
from core.training.target import Target


@dataclass(frozen=True, eq=False)
class ImageTruth:
    """A `Target` as floats, on any grid.

    labels: int64 [T].   coverage: float32 [T, h, w], the share of each cell inside, 0 in invalid cells.
    validity: float32 [h, w], 1 where something may be learned, else 0.   complete, name: see `Target`.
    real_size: height and width of the photo without padding, in cells.   points_seed: see `Target`.
    """

    labels: Tensor
    coverage: Tensor
    validity: Tensor
    complete: bool
    name: str
    real_size: tuple[float, float]
    points_seed: int = 0

    @classmethod
    def of(cls, target: Target) -> ImageTruth:
        """The truth of a target on its own grid."""
        height, width = target.validity.shape
        return cls(
            target.labels,
            target.coverage(),
            target.validity.float(),
            target.complete,
            target.name,
            target.real_size or (height, width),
            target.points_seed,
        )

    @property
    def size(self) -> tuple[int, int]:
        """h, w."""
        return self.validity.shape[0], self.validity.shape[1]

    @cached_property
    def seen(self) -> Tensor:
        """Which targets have a valid cell: bool [T]. Of the others nothing can be learned."""
        return self.coverage.flatten(1).any(1)

    def joined(self, groups: Sequence[Sequence[int]]) -> ImageTruth:
        """Each group of targets, by index, as one target with the label of its first; shares of a cell add up."""
        labels = self.labels[[group[0] for group in groups]]
        parts = [self.coverage[list(group)].sum(0).clamp(max=1) for group in groups]
        return replace(self, labels=labels, coverage=torch.stack(parts) if parts else self.coverage[:0])


@dataclass(frozen=True, eq=False)
class Compared:
    """What costs compare masks with: targets float32 [B, T, P], padded with empty ones, and validity [B, P], 0 or 1."""

    targets: Tensor
    validity: Tensor


def compared_cells(truths: Sequence[ImageTruth], size: tuple[int, int], pool: int) -> Compared:
    """Coverage and validity, both taken from the nearest cells of an h×w grid, then averaged over pool×pool cells.

    An average that takes in an invalid cell is not valid: the logits there would weigh in it.
    """
    both = torch.cat([*(truth.coverage for truth in truths), torch.stack([truth.validity for truth in truths])])
    if truths[0].size != size:
        both = F.interpolate(both[:, None], size, mode="nearest")[:, 0]
    cells = average_pooled(both[:, None], pool)[:, 0].flatten(1)
    validity_BP = (cells[-len(truths) :] == 1).float()
    targets_BTP = padded(torch.split(cells[: -len(truths)], [len(truth.labels) for truth in truths]))
    return Compared(targets_BTP * validity_BP[:, None], validity_BP)


def compared_points(truths: Sequence[ImageTruth], points_BP2: Tensor) -> Compared:
    """Coverage and validity at points of each image, (x, y) as fractions of its grid.

    A point that takes in an invalid cell is not valid, for the same reason.
    """
    invalid = torch.stack([1 - truth.validity for truth in truths])[:, None]
    validity_BP = (sampled(invalid, points_BP2)[:, 0] == 0).float()
    targets_BTP = sampled(padded([truth.coverage for truth in truths]), points_BP2)
    return Compared(targets_BTP * validity_BP[:, None], validity_BP)


def padded(parts: Sequence[Tensor]) -> Tensor:
    """Tensors [n, ...] of each image as one, [B, largest n, ...], zeros behind."""
    return torch.nn.utils.rnn.pad_sequence(list(parts), batch_first=True)


def at_size(mask_logits_Mhw: Tensor, size: tuple[int, int]) -> Tensor:
    """Mask logits on the grid of the truth: bilinear between cell centres (paper, section 4.1), or as they are."""
    if mask_logits_Mhw.shape[1:] == size:
        return mask_logits_Mhw
    return F.interpolate(mask_logits_Mhw[:, None], size, mode="bilinear", align_corners=False)[:, 0]


@torch.no_grad()
def sampled_rows(maps_Nhw: Tensor, rows_M: Tensor, points_MP2: Tensor) -> Tensor:
    """`sampled` of the map of each row: [M, P]. No map is copied, however many rows share it."""
    height, width = maps_Nhw.shape[1:]
    x = (points_MP2[..., 0] * width - 0.5).clamp(0, width - 1)
    y = (points_MP2[..., 1] * height - 0.5).clamp(0, height - 1)
    left, top = x.long(), y.long()
    right, below = (left < width - 1).long(), (top < height - 1).long() * width
    upper = rows_M[:, None] * (height * width) + top * width + left
    lower = upper + below
    cells = maps_Nhw.flatten()
    along_top = torch.lerp(cells[upper], cells[upper + right], x - left)
    along_bottom = torch.lerp(cells[lower], cells[lower + right], x - left)
    return torch.lerp(along_top, along_bottom, y - top)
