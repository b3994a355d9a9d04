"""The cross-entropy of the queries' labels, with "no object" for those that answer for nothing.

Legend: L layers, B images, Q queries, M pairs, K categories.
"""

from __future__ import annotations

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
        self, class_logits_LBQK: Tensor, matched: Matched, worths_M: Tensor | None, rejected_LBQ: Tensor | None = None
    ) -> Tensor:
        """The weighted sum over all queries of the batch, of each layer: [L].

        worths: of each pair in 0..1, the label's share; the rest is for "no object". None: all 1.
        rejected: bool, queries that show what a person rejected. Unless they are paired or undecided, they weigh as in
            a complete image. None: there is none.
        """
        labels_LBQ, weights_LBQ = self._wanted(class_logits_LBQK, matched, rejected_LBQ)
        loss_LBQ = -log_probability(class_logits_LBQK, self.table.allowed[labels_LBQ])
        if worths_M is not None:
            pairs, worth_LBQ = matched.pairs, torch.ones_like(weights_LBQ)
            worth_LBQ[pairs.layers, pairs.images, pairs.queries] = worths_M
            nothing_LBQ = -class_logits_LBQK.log_softmax(-1)[..., self.table.categories]
            loss_LBQ = worth_LBQ * loss_LBQ + (1 - worth_LBQ) * nothing_LBQ
        return (weights_LBQ * loss_LBQ).sum((1, 2))

    def _wanted(
        self, class_logits_LBQK: Tensor, matched: Matched, rejected_LBQ: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Label codes, int64 [L, B, Q], and weights, float32 [L, B, Q]."""
        shape, device = class_logits_LBQK.shape[:3], class_logits_LBQK.device
        unpaired_B = torch.tensor([self.unpaired(truth.complete) for truth in matched.truths]).to(device)
        labels_LBQ = torch.full(shape, self.table.categories, device=device)
        weights_LBQ = unpaired_B[:, None].expand(shape).clone()
        if rejected_LBQ is not None:
            weights_LBQ.masked_fill_(rejected_LBQ, self.no_object)
        for layer, matches in enumerate(matched.matches):
            for image, match in enumerate(matches):
                if match.undecided is not None:
                    weights_LBQ[layer, image].masked_fill_(match.undecided, 0.0)
        pairs = matched.pairs
        labels_LBQ[pairs.layers, pairs.images, pairs.queries] = matched.labels[pairs.targets]
        weights_LBQ[pairs.layers, pairs.images, pairs.queries] = 1.0
        return labels_LBQ, weights_LBQ

    def unpaired(self, complete: bool) -> float:
        """What a query that answers for nothing weighs in an image."""
        return self.no_object if complete else self.no_object_partial
