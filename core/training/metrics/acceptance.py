"""How much of a person's work the proposals save: those that can be accepted as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.annotation.proposals import Proposal
from core.training.data.images import Labels
from core.training.metrics.recall import ious
from core.training.metrics.unknown import is_known

# From here on, the outline needs no correction for most uses.
ACCEPTED_FROM = 0.75


@dataclass(frozen=True)
class AcceptanceScores:
    """Shares in 0..1; NaN of nothing.

    shown: proposals of at least the threshold that can be judged.   rate: the share of them that can be accepted.
    named: of the accepted ones whose truth has a name, the share that shows it.
    segments: masks of the truth.   covered: the share of them that an acceptable proposal serves.
    """

    images: int
    shown: int
    rate: float
    named: float
    segments: int
    covered: float


class Acceptance:
    """Counts, one image at a time, the proposals that a person could accept."""

    def __init__(self, threshold: float) -> None:
        """threshold: the least score that is shown to the person, 0..1."""
        self._threshold = threshold
        self._images = self._shown = self._accepted = self._nameable = self._named = self._segments = 0

    def add(self, proposals: Sequence[Proposal], labels: Labels) -> None:
        """Count an image's proposals, best first: each takes the free truth mask that it meets best.

        It can be accepted when their IoU is at least `ACCEPTED_FROM`. Proposals of which most is unknown are left out.
        """
        shown = [one for one in proposals if one.score >= self._threshold]
        truth = labels.masks
        free = np.ones(len(truth), dtype=bool)
        ious_PT = ious([one.mask for one in shown], [labelled.mask for labelled in truth])
        for proposal, row, known in zip(shown, ious_PT, is_known([one.mask for one in shown], labels), strict=True):
            place = int(np.where(free, row, -1.0).argmax()) if free.any() else None
            accepted = place is not None and row[place] >= ACCEPTED_FROM
            self._shown += bool(accepted or known)
            if place is not None and accepted:
                free[place] = False
                self._count_accepted(proposal.name, truth[place].category)
        self._segments += len(truth)
        self._images += 1

    def scores(self) -> AcceptanceScores:
        """The scores of all images so far."""
        return AcceptanceScores(
            images=self._images,
            shown=self._shown,
            rate=_share(self._accepted, self._shown),
            named=_share(self._named, self._nameable),
            segments=self._segments,
            covered=_share(self._accepted, self._segments),
        )

    def _count_accepted(self, name: str, true_name: str | None) -> None:
        self._accepted += 1
        if true_name is not None:
            self._nameable += 1
            self._named += name == true_name


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
