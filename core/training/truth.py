"""One image's truth as the losses use it, and the grids on which masks are compared.

Legend: T targets, M masks, h×w cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor

from core.maskformer.output import average_pooled
from core.training.target import Target


@dataclass(frozen=True, eq=False)
class ImageTruth:
    """A `Target` as floats, on any grid.

    labels: int64 [T].   coverage: float32 [T, h, w], the share of each cell inside, 0 in invalid cells.
    validity: float32 [h, w], 1 where something may be learned, else 0.   complete, name: see `Target`.
    real_size: height and width of the photo without padding, in cells.
    """

    labels: Tensor
    coverage: Tensor
    validity: Tensor
    complete: bool
    name: str
    real_size: tuple[float, float]

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
        )

    @property
    def size(self) -> tuple[int, int]:
        """h, w."""
        return self.validity.shape[0], self.validity.shape[1]

    @cached_property
    def seen(self) -> Tensor:
        """Which targets have a valid cell: bool [T]. Of the others nothing can be learned."""
        return self.coverage.flatten(1).any(1)

    def reduced(self, size: tuple[int, int], pool: int) -> tuple[Tensor, Tensor]:
        """What costs compare: coverage [T, P] and validity [P], both taken from the nearest cells of an h×w grid.

        Then averaged over pool×pool cells. An average that takes in an invalid cell is not valid: the logits there
        would weigh in it.
        """
        both = torch.cat((self.coverage, self.validity[None]))[:, None]
        both = average_pooled(F.interpolate(both, size, mode="nearest"), pool)[:, 0].flatten(1)
        validity = (both[-1] == 1).float()
        return both[:-1] * validity, validity

    def joined(self, groups: Sequence[Sequence[int]]) -> ImageTruth:
        """Each group of targets, by index, as one target with the label of its first; shares of a cell add up."""
        labels = self.labels[[group[0] for group in groups]]
        parts = [self.coverage[list(group)].sum(0).clamp(max=1) for group in groups]
        return replace(self, labels=labels, coverage=torch.stack(parts) if parts else self.coverage[:0])


def at_size(mask_logits_Mhw: Tensor, size: tuple[int, int]) -> Tensor:
    """Mask logits on the grid of the truth: bilinear between cell centres (paper, section 4.1), or as they are."""
    if mask_logits_Mhw.shape[1:] == size:
        return mask_logits_Mhw
    return F.interpolate(mask_logits_Mhw[:, None], size, mode="bilinear", align_corners=False)[:, 0]
