"""The cross-entropy of the queries' labels, with "no object" for those that answer for nothing.

Legend: L layers, B images, Q queries, M pairs, K categories.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from core.training.assignment import Matched
from core.training.labels import LabelTable, log_probability


@dataclass(frozen=True)
class ClassLoss:
    """See `LossConfig` for the weights of "no object"."""

    no_object: float
    no_object_partial: float
    table: LabelTable

    def __call__(
        self, class_logits_LBQK: Tensor, matched: Matched, worths: Sequence[Sequence[Tensor]] | None
    ) -> Tensor:
        """The weighted mean over all queries of the batch, of each layer: [L].

        worths: of each layer and image [M] in 0..1, the label's share; the rest is for "no object". None: all 1.
        """
        labels_LBQ, weights_LBQ = self._wanted(class_logits_LBQK, matched)
        loss_LBQ = -log_probability(class_logits_LBQK, self.table.allowed[labels_LBQ])
        if worths is not None:
            worth_LBQ = _spread(worths, matched, torch.ones_like(weights_LBQ))
            nothing_LBQ = -class_logits_LBQK.log_softmax(-1)[..., self.table.categories]
            loss_LBQ = worth_LBQ * loss_LBQ + (1 - worth_LBQ) * nothing_LBQ
        least = torch.finfo(weights_LBQ.dtype).tiny
        return (weights_LBQ * loss_LBQ).sum((1, 2)) / weights_LBQ.sum((1, 2)).clamp(min=least)

    def _wanted(self, class_logits_LBQK: Tensor, matched: Matched) -> tuple[Tensor, Tensor]:
        """Label codes, int64 [L, B, Q], and weights, float32 [L, B, Q]."""
        shape, device = class_logits_LBQK.shape[:3], class_logits_LBQK.device
        labels_LBQ = torch.full(shape, self.table.categories, device=device)
        weights_LBQ = torch.zeros(shape, device=device)
        for layer, matches in enumerate(matched.matches):
            for image, (truth, match) in enumerate(zip(matched.truths, matches, strict=True)):
                weights_LBQ[layer, image] = self.no_object if truth.complete else self.no_object_partial
                if match.undecided is not None:
                    weights_LBQ[layer, image].masked_fill_(match.undecided, 0.0)
                labels_LBQ[layer, image, match.queries] = truth.labels[match.targets]
                weights_LBQ[layer, image, match.queries] = 1.0
        return labels_LBQ, weights_LBQ


def _spread(values: Sequence[Sequence[Tensor]], matched: Matched, onto_LBQ: Tensor) -> Tensor:
    """`onto_LBQ` with the pairs' values at their queries."""
    for layer, matches in enumerate(matched.matches):
        for image, match in enumerate(matches):
            onto_LBQ[layer, image, match.queries] = values[layer][image]
    return onto_LBQ
