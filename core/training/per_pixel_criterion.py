"""The loss of per-pixel classification, the paper's baselines (Cheng et al. 2021, section 4).

Legend: K categories, T targets, C label codes of an image, h×w cells of the truth's grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from core.maskformer.output import MaskFormerOutput
from core.training.assignment import to_host
from core.training.counts import Counts, TargetCounter
from core.training.criterion import LossConfig, Losses, check_batch, supervised_layers
from core.training.fixed_matching import check_counts
from core.training.labels import LabelTable
from core.training.target import Target
from core.training.truth import ImageTruth, at_size


class PerPixelCriterion:
    """Cross-entropy over the K mask logits of each cell, for heads whose query k is category k.

    The mean over the cells of the batch that targets cover, weighted by the share covered; where targets overlap the
    later one lies on top. All other cells are unknown and take no part (255 in the paper's data sets); so are those of
    targets that may be any category. A thing of unknown name learns the sum over things. Nothing is matched, so
    no target is left out. The only term is "pixels".
    """

    def __init__(self, config: LossConfig, table: LabelTable) -> None:
        self.config = config
        self.table = table
        self._counter = TargetCounter(
            table.to(torch.device("cpu")), fixed=False, stuff_too=False, no_object=0.0, no_object_partial=0.0
        )
        self.columns = [row.nonzero()[:, 0] for row in table.allowed[:, : table.categories]]

    def count(self, targets: Sequence[Target], queries: int) -> Counts:
        """The cells that are learned, and the masks that a mask classifier is asked about."""
        cells = sum(float(self._tops(ImageTruth.of(target), target.labels.tolist()).shares.sum()) for target in targets)
        return replace(self._counter(targets, queries), cells=cells)

    def __call__(self, output: MaskFormerOutput, targets: tuple[Target, ...], whole: Counts | None = None) -> Losses:
        """The losses of a forward pass. Raises TrainingError unless there are as many masks as categories.

        whole: the counts of the batch that these images are a part of; None: they are all of it.
        """
        check_batch(output, targets)
        layers = [layer.mask_logits for layer in supervised_layers(output, self.config)]
        check_counts(layers[0].shape[1], self.table.categories)
        truths = [ImageTruth.of(target) for target in targets]
        codes = to_host([truth.labels for truth in truths])
        with torch.autocast(layers[0].device.type, enabled=False):
            tops = [self._tops(truth, numbers.tolist()) for truth, numbers in zip(truths, codes, strict=True)]
            cells = torch.stack([top.shares.sum() for top in tops]).sum() if whole is None else whole.cells
            last, *earlier = [self._sum_of_all(mask_logits.float(), tops) for mask_logits in layers]
            total = torch.stack([last, *(self.config.earlier_layers * loss for loss in earlier)]).sum()
            pixels = self.config.pixels * total / torch.as_tensor(cells).clamp(min=1)
        return Losses({"pixels": pixels}, left_out=0)

    def _tops(self, truth: ImageTruth, codes: Sequence[int]) -> _Tops:
        taught = sorted({code for code in codes if len(self.columns[code]) < self.table.categories})
        shares_Thw = topmost(truth.coverage)
        groups = [[place for place, other in enumerate(codes) if other == code] for code in taught]
        parts = [shares_Thw[group].sum(0) for group in groups]
        return _Tops(taught, torch.stack(parts) if parts else shares_Thw[:0], truth.size)

    def _sum_of_all(self, mask_logits_BKhw: Tensor, tops: Sequence[_Tops]) -> Tensor:
        return torch.stack([self._sum(logits, top) for logits, top in zip(mask_logits_BKhw, tops, strict=True)]).sum()

    def _sum(self, logits_Khw: Tensor, top: _Tops) -> Tensor:
        """Summed over the cells of one image."""
        logits = at_size(logits_Khw, top.size)
        whole = logits.logsumexp(0)
        losses = [whole - logits[self.columns[code]].logsumexp(0) for code in top.codes]
        return (torch.stack(losses) * top.shares).sum() if losses else 0 * whole.sum()


@dataclass(frozen=True, eq=False)
class _Tops:
    """Where each label of an image lies on top, float32 [C, h, w]; labels that allow every category are left out."""

    codes: list[int]
    shares: Tensor
    size: tuple[int, int]


def topmost(coverage_Thw: Tensor) -> Tensor:
    """The share of each cell in which each target is the topmost, the last target lying on top: [T, h, w]."""
    above = coverage_Thw.flip(0).cumsum(0).flip(0) - coverage_Thw
    return torch.minimum(coverage_Thw, (1 - above).clamp(min=0))
