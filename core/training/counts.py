"""What the losses of a whole batch are divided by, known from its targets before any part of it is learned.

A batch that passes the network in parts, or on several processes, is divided by what the whole of it holds: then its
losses and gradients are those of one large batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import torch

from core.training.labels import LabelTable
from core.training.target import Target


@dataclass(frozen=True)
class Counts:
    """Sums over the images of a batch; each term of the loss is divided by one of them.

    pairs: targets that find a query.   weight: of all queries in the classes' cross-entropy, but for what those weigh
    more that show a rejected mask: which ones do is not known before the forward pass.
    boxes: targets whose boxes are taught, at most as many as queries in an image.
    centres: of the heat map.   names: masks that the mask classifier is asked about.
    cells: that per-pixel heads learn, a cell counting by the share that is covered.
    """

    pairs: float = 0.0
    weight: float = 0.0
    boxes: float = 0.0
    centres: float = 0.0
    names: float = 0.0
    cells: float = 0.0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(mine + others for mine, others in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True)
class TargetCounter:
    """Counts the targets of images for heads of mask classification.

    table: of `LabelCodes`, on the CPU.   fixed: whether query k answers for category k.   stuff_too: whether boxes
    of stuff are taught.   no_object, no_object_partial: see `LossConfig`.
    """

    table: LabelTable
    fixed: bool
    stuff_too: bool
    no_object: float
    no_object_partial: float

    def __call__(self, targets: Sequence[Target], queries: int) -> Counts:
        """Of targets that may lie on any device; on the CPU it is fast."""
        return sum((self._one(target, queries) for target in targets), Counts())

    def _one(self, target: Target, queries: int) -> Counts:
        labels = target.labels.cpu()
        seen = (target.masks.bool() & target.validity).flatten(1).any(1).cpu()
        answered, undecided = self._answered(labels, seen)
        pairs = min(queries, len(answered))
        unpaired = self.no_object if target.complete else self.no_object_partial
        return Counts(
            pairs=pairs,
            weight=pairs + unpaired * (queries - pairs - undecided),
            boxes=min(queries, int((self.table.things[answered] | self.stuff_too).sum())),
            centres=len(labels),
            names=int((seen & ~self.table.allowed[labels, : self.table.categories].all(1)).sum()),
        )

    def _answered(self, labels: torch.Tensor, seen: torch.Tensor) -> tuple[torch.Tensor, int]:
        """Label codes of the targets that ask for a query, and how many queries are left undecided."""
        if not self.fixed:
            return labels[seen], 0
        named = seen & (labels < self.table.categories)
        answered = torch.unique(labels[named])
        open_columns = self.table.allowed[labels[~named], : self.table.categories].any(0)
        open_columns[answered] = False
        return answered, int(open_columns.sum())
