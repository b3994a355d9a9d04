"""Sums over queries of p(category)·σ(mask logit) on the masks' own grid, and how far they are from a pixel's.

Between four cells the bilinear mean of their sums stands for the sum of a pixel. It is off by at most Σ p·e, where e
bounds |σ(bilinear) − bilinear(σ)|, the error of a linear interpolation along both axes:
½ · max |σ″| · (u·(1 − u)·Δrow² + v·(1 − v)·Δcolumn²) for logit differences Δ and weights u, v; ⅛ of it without them is
its largest. That is far below the difference of two categories nearly everywhere.

Q queries, K categories, h×w cells; L live categories that are followed one by one, and one more row for the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from core.inference.painting import corner_max, corner_min, joined
from core.inference.strips import CHUNK

# max |σ″| is 1 / (6·√3).
MAX_CURVATURE = 0.0963
# What float32 sums of some hundred probabilities are trusted to.
ROUNDING = 1e-6
# A category that nowhere reaches this share of the best sum is not followed by itself.
LIVE_SHARE = 0.5


@dataclass(frozen=True, eq=False)
class ClassSums:
    """Sums at the cells and their errors in the gaps between them.

    classes: the live categories, int64 [L].   sums, errors: float32 [L + 1, h, w]; the last row bounds all others.
    """

    classes: Tensor
    sums: Tensor
    errors: Tensor

    @classmethod
    def of(cls, class_probabilities: Tensor, mask_logits: Tensor) -> ClassSums:
        """class_probabilities: float32 [Q, K].   mask_logits: float32 [Q, h, w]."""
        sums, live = _summed(class_probabilities, mask_logits.flatten(1))
        classes = live.nonzero()[:, 0]
        followed = sums[classes], sums.masked_fill_(live[:, None], 0).amax(0, keepdim=True)
        weights = class_probabilities[:, classes], class_probabilities.masked_fill(live, 0).amax(1, keepdim=True)
        errors = _summed_errors(torch.cat(weights, 1).T.contiguous(), mask_logits)
        return cls(classes, torch.cat(followed).view_as(errors), errors)

    def bounds(self) -> tuple[Tensor, Tensor]:
        """(least sum of each live category in each gap [L, h, w], largest one, also of the rest [L + 1, h, w])."""
        return corner_min(self.sums[:-1]).sub_(self.errors[:-1]), corner_max(self.sums).add_(self.errors)


def _summed(class_probabilities: Tensor, logits: Tensor) -> tuple[Tensor, Tensor]:
    """(sums float32 [K, c], live categories bool [K]) of logits [Q, c], as many cells at a time as the cache holds."""
    weights = class_probabilities.T.contiguous()
    sums = logits.new_empty(len(weights), logits.shape[1])
    live = torch.zeros(len(weights), dtype=torch.bool)
    step = max(1, CHUNK // max(weights.shape))
    for start in range(0, logits.shape[1], step):
        cells = slice(start, start + step)
        values = weights @ logits[:, cells].sigmoid()
        live |= (values >= LIVE_SHARE * values.amax(0)).any(1)
        sums[:, cells] = values
    return sums, live


def _summed_errors(weights: Tensor, logits: Tensor) -> Tensor:
    """Σ p·e, in bands of rows for the same reason: weights [n, Q], logits [Q, h, w] → [n, h, w]."""
    height, width = logits.shape[1:]
    step = max(1, CHUNK // logits[:, 0].numel())
    errors = logits.new_empty(len(weights), height, width)
    for top in range(0, height, step):
        bounds = _curving_map(logits[:, top : top + step + 1])[:, :step]
        errors[:, top : top + step] = (weights @ bounds.flatten(1)).view(len(weights), -1, width)
    return errors.add_(ROUNDING)


def _curving_map(logits: Tensor) -> Tensor:
    """The bound e in each gap: [Q, h, w] → [Q, h, w]."""
    probabilities = logits.sigmoid()
    down, across = _squared_steps(logits, 1), _squared_steps(logits, 2)
    squares = joined(down, 2, torch.maximum).add_(joined(across, 1, torch.maximum))
    return _bound(corner_min(probabilities), corner_max(probabilities), squares)


def curving(logits: Sequence[Tensor], probabilities: Sequence[Tensor]) -> Tensor:
    """The bound e of gaps by their four corners (upper left, upper right, lower left, lower right), [...] each."""
    upper_left, upper_right, lower_left, lower_right = logits
    down = torch.maximum((lower_left - upper_left).square_(), (lower_right - upper_right).square_())
    across = torch.maximum((upper_right - upper_left).square_(), (lower_right - lower_left).square_())
    corners = torch.stack(list(probabilities))
    return _bound(corners.amin(0), corners.amax(0), down.add_(across))


def _bound(low: Tensor, high: Tensor, squares: Tensor) -> Tensor:
    """e by the smallest and largest probability and the squared steps; |σ″| is below both σ and 1 − σ."""
    return torch.minimum(high, 1 - low).clamp_(max=MAX_CURVATURE).mul_(0.125).mul_(squares)


def _squared_steps(logits: Tensor, dim: int) -> Tensor:
    """(next cell − cell)², 0 for the last one."""
    steps = joined(logits, dim, torch.sub)
    steps.select(dim, -1).zero_()
    return steps.square_()
