"""The few queries that matter most to a gap's rival categories, taken exactly; the others stay bilinear.

The sum of a pixel is the bilinear mean of the cells' sums, plus p·(σ(logit) − bilinear σ) of these queries, up to
the error of the rest, which have little to say about the categories at stake there.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.inference.axis import Axis, mix
from core.inference.class_sums import curving
from core.inference.strips import Gaps, Strips

# A gap's rivals are mostly two or three categories with one or two queries each.
NEAR = 6

Ends = tuple[Tensor, Tensor]


@dataclass(frozen=True, eq=False)
class NearQueries:
    """Of m strips in g gaps with s rivals each, their t near queries.

    shares: the queries' p of the rivals, float32 [t, s, g].   logits, probabilities: of the queries above and below
    the strips, float32 [t, m] each; probabilities are bilinear.   errors: what the rest may be off by, [s, g].
    """

    shares: Tensor
    logits: Ends
    probabilities: Ends
    errors: Tensor

    @classmethod
    def of(cls, strips: Strips, columns: Axis, rows: Tensor, mask_logits: Tensor, errors: Tensor) -> NearQueries:
        """rows: all queries' p of the rivals, [s, g, Q].   mask_logits: [Q, h, w].   errors: of all queries, [s, g]."""
        queries = rows.amax(0).topk(min(NEAR, rows.shape[2]), dim=1).indices
        shares = rows.gather(2, queries.expand(len(rows), -1, -1)).permute(2, 0, 1)
        gaps = Gaps(strips.gaps.row, strips.gaps.column, queries.T.contiguous())
        logits = gaps.corners(mask_logits)
        probabilities = [corner.sigmoid() for corner in logits]
        own = (shares * curving(logits, probabilities)[:, None]).sum(0)
        exact, bilinear = strips.between(logits, columns), strips.between(probabilities, columns)
        return cls(shares, exact, bilinear, torch.where(errors > own, errors - own, errors.clamp(max=0)))

    def corrections(self, gap: Tensor, strip: Tensor, weight: Tensor) -> Tensor:
        """What pixels' bilinear sums miss of these queries: float32 [s, p], of pixels' gaps, strips and weights [p]."""
        logits, bilinear = (
            mix(above.index_select(1, strip), below.index_select(1, strip), weight)
            for above, below in (self.logits, self.probabilities)
        )
        missing = logits.sigmoid_().sub_(bilinear)
        total = torch.zeros(self.shares.shape[1], len(gap))
        for share, query in zip(self.shares, missing, strict=True):
            total.addcmul_(share.index_select(1, gap), query)
        return total
