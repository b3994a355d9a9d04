"""The mask terms of a batch's pairs, of all layers at once: at every cell of the truth's grid, or at sampled points.

Legend: M pairs of all layers and images, N maps, P cells or points, h×w the truth's grid.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core.maskformer.output import Masks, sampled
from core.training.assignment import Matched
from core.training.masks import PixelLoss, mask_iou, pixel_and_dice_loss
from core.training.sampled_points import PointSampling
from core.training.truth import at_size, sampled_rows

# Pairs are compared in runs of about this many cells: enough to keep a GPU busy, and little beside its memory.
CELLS_AT_ONCE = 2**22


@dataclass(frozen=True, eq=False)
class MaskTerms:
    """Of each pair, in the order of `Matched.pairs`, float32 [M]. The IoU, where it was asked for, has no gradient."""

    pixels: Tensor
    dice: Tensor
    iou: Tensor | None


@dataclass(frozen=True)
class MaskLoss:
    """kind: of the pixel term.   points: where masks are compared; None: at every cell of the truth's grid.

    quality: whether the IoU is asked for. It is that of all cells, or of points that lie anywhere.
    """

    kind: PixelLoss
    points: PointSampling | None
    quality: bool

    def __call__(self, masks: Masks, matched: Matched, queries: int) -> MaskTerms:
        """The terms of masks of all layers, `queries` each.

        Cells of a target that is left out are neither inside nor outside the masks that do not hold them.
        """
        pairs = matched.pairs
        if not len(pairs.queries):
            nothing = matched.truths[0].validity.new_zeros(0)
            return MaskTerms(nothing, nothing, nothing if self.quality else None)
        rows_M = pairs.layers * queries + pairs.queries
        logits_Mhw = masks.of_pairs(torch.split(rows_M, list(pairs.counts)))
        with torch.autocast(logits_Mhw.device.type, enabled=False):
            return self._everywhere(logits_Mhw, matched) if self.points is None else self._sampled(logits_Mhw, matched)

    def _everywhere(self, logits_Mhw: Tensor, matched: Matched) -> MaskTerms:
        size, known = matched.truths[0].size, _Known.of(matched)
        terms, ious = [], []
        for run in _runs(len(logits_Mhw), size[0] * size[1]):
            compared = at_size(logits_Mhw[run], size).flatten(1), *known.cells(run)
            terms.append(self._terms(*compared))
            if self.quality:
                ious.append(mask_iou(*compared))
        pixels, dice = torch.cat(terms, dim=1)
        return MaskTerms(pixels, dice, torch.cat(ious) if ious else None)

    def _sampled(self, logits_Mhw: Tensor, matched: Matched) -> MaskTerms:
        assert self.points is not None
        known, pairs = _Known.of(matched), matched.pairs
        points_MP2 = self.points.uncertain_points(logits_Mhw.detach(), matched.truths, pairs.counts)
        pixels, dice = self._terms(sampled(logits_Mhw[:, None], points_MP2)[:, 0], *known.at_points(points_MP2))
        if not self.quality:
            return MaskTerms(pixels, dice, None)
        even_MP2 = self.points.even(matched.truths)[pairs.images]
        logits_MP = sampled(logits_Mhw.detach()[:, None], even_MP2)[:, 0]
        return MaskTerms(pixels, dice, mask_iou(logits_MP, *known.at_points(even_MP2)))

    def _terms(self, logits_MP: Tensor, targets_MP: Tensor, known_MP: Tensor) -> Tensor:
        return torch.stack(pixel_and_dice_loss(logits_MP, targets_MP, known_MP, self.kind))


@dataclass(frozen=True, eq=False)
class _Known:
    """What is known of each pair's cells.

    coverage: float32 [T, h, w] of all targets, `targets` [M] each pair's.   maps: float32 [N, h, w], how much of each
    cell may be learned from where the pair's target is not, `rows` [M] each pair's.   invalid: float32 [B, h, w].
    """

    coverage: Tensor
    targets: Tensor
    maps: Tensor
    rows: Tensor
    invalid: Tensor
    images: Tensor

    @property
    def left_out(self) -> bool:
        """Whether any target is left out; else a cell is known where it is valid."""
        return len(self.maps) > len(self.invalid)

    @classmethod
    def of(cls, matched: Matched) -> _Known:
        """Of all pairs: an image has a map of its own, and one more for each layer that leaves targets of it out."""
        pairs, truths = matched.pairs, matched.truths
        maps, rows = [truth.validity for truth in truths], []
        for image, truth in enumerate(truths):
            for matches in matched.matches:
                left_out, row = matches[image].left_out, image
                if len(left_out):
                    row = len(maps)
                    maps.append(truth.validity * (1 - truth.coverage[left_out].amax(0)))
                rows += [row] * len(matches[image].queries)
        rows_M = torch.from_numpy(np.array(rows, dtype=np.int64)).to(pairs.images.device)
        invalid = 1 - torch.stack(maps[: len(truths)])
        coverage = torch.cat([truth.coverage for truth in truths])
        return cls(coverage, pairs.targets, torch.stack(maps), rows_M, invalid, pairs.images)

    def cells(self, run: slice) -> tuple[Tensor, Tensor]:
        """Shares inside, and what is known, of some pairs' cells: [m, P] both."""
        targets, known = self.coverage[self.targets[run]].flatten(1), self.maps[self.rows[run]].flatten(1)
        return targets, torch.maximum(known, targets) if self.left_out else known

    def at_points(self, points_MP2: Tensor) -> tuple[Tensor, Tensor]:
        """The same at points: [M, P] both. Of a point that takes in an invalid cell nothing is known."""
        valid = sampled_rows(self.invalid, self.images, points_MP2) == 0
        targets = sampled_rows(self.coverage, self.targets, points_MP2) * valid
        known = sampled_rows(self.maps, self.rows, points_MP2) * valid if self.left_out else valid.float()
        return targets, torch.maximum(known, targets)


def _runs(pairs: int, cells: int) -> Iterator[slice]:
    at_once = max(1, CELLS_AT_ONCE // cells)
    return (slice(first, first + at_once) for first in range(0, pairs, at_once))
