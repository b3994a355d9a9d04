"""Whether a proposal's score says how likely it is right (reliability diagram, Guo et al. 2017, section 2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.annotation.proposals import Proposal
from core.training.data.images import Labels
from core.training.metrics.recall import ious
from core.training.metrics.unknown import is_known

RIGHT_FROM = 0.5


@dataclass(frozen=True)
class Reliability:
    """Bins of equal width over scores 0..1, lowest first.

    counts: proposals in each bin.   mean_score, right: their mean score, and the share whose mask reaches an IoU of
    `RIGHT_FROM` with some truth mask; None in an empty bin.
    expected_error: the mean of |right − mean_score| over proposals; NaN without one.
    """

    counts: tuple[int, ...]
    mean_score: tuple[float | None, ...]
    right: tuple[float | None, ...]
    expected_error: float


class Calibration:
    """Sorts the proposals of one image at a time into bins of their scores; keeps three numbers a bin."""

    def __init__(self, *, bins: int = 10) -> None:
        self._counts = np.zeros(bins, dtype=np.int64)
        self._right = np.zeros(bins, dtype=np.int64)
        self._score_sum = np.zeros(bins)

    def add(self, proposals: Sequence[Proposal], labels: Labels) -> None:
        """Count an image's proposals; those of which most is unknown are left out, unless they are right."""
        masks = [one.mask for one in proposals]
        best = ious(masks, [labelled.mask for labelled in labels.masks]).max(axis=1, initial=0.0)
        right = best >= RIGHT_FROM
        counted = right | is_known(masks, labels)
        scores = np.array([one.score for one in proposals], dtype=np.float64)[counted]
        bins = len(self._counts)
        places = np.minimum((scores * bins).astype(np.int64), bins - 1)
        self._counts += np.bincount(places, minlength=bins)
        self._right += np.bincount(places[right[counted]], minlength=bins)
        self._score_sum += np.bincount(places, weights=scores, minlength=bins)

    def reliability(self) -> Reliability:
        """The bins of all images so far."""
        total = self._counts.sum()
        gaps = np.abs(self._right - self._score_sum).sum()
        return Reliability(
            counts=tuple(self._counts.tolist()),
            mean_score=self._shares(self._score_sum),
            right=self._shares(self._right),
            expected_error=float(gaps / total) if total else float("nan"),
        )

    def _shares(self, sums: np.ndarray) -> tuple[float | None, ...]:
        return tuple(
            total / count if count else None for total, count in zip(sums.tolist(), self._counts.tolist(), strict=True)
        )
