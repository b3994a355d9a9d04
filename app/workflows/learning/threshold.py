"""The score from which a fine-tuned model's proposals are shown at first."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from core.annotation.proposals import Proposal
from core.training.data.images import LabelledImage, Labels, Pixels
from core.training.metrics.recall import ious
from core.training.metrics.unknown import is_known

# Scores to choose among.
GRID = np.linspace(0.05, 0.6, 12)
# A proposal serves a segment from this IoU on: below it, drawing anew is quicker than correcting.
SERVED_FROM = 0.5
# So near to the best F1, the lower score is taken.
NEARLY = 0.95
# What is looked at: so many images, for so long.
MOST_IMAGES = 20
MOST_S = 5.0

# From a photo to its proposals, best first.
Propose = Callable[[Pixels], Sequence[Proposal]]


def choose_threshold(propose: Propose, images: Sequence[LabelledImage], *, otherwise: float) -> float:
    """The score of GRID from which the proposals for the images that were learned from serve well, by F1.

    otherwise: where no image has a segment that a proposal serves.   Raises MaskwrightError for an image or label that
    cannot be read.
    """
    until = time.monotonic() + MOST_S
    scores: list[float] = []
    serving: list[bool] = []
    segments = 0
    for image in images[:: max(1, -(-len(images) // MOST_IMAGES))]:
        labels = image.readers[0]()
        proposals = [one for one in propose(image.pixels()) if one.score >= GRID[0]]
        serves, judged = _serving(proposals, labels)
        scores += [one.score for one, known in zip(proposals, judged, strict=True) if known]
        serving += serves[judged].tolist()
        segments += len(labels.masks)
        if time.monotonic() > until:
            break
    f1 = f1_at(np.array(scores), np.array(serving, dtype=bool), segments)
    return lowest_good(f1) if f1.any() else otherwise


def lowest_good(f1: npt.NDArray[np.float64]) -> float:
    """The lowest score of GRID whose F1 is nearly the best: photos that were not learned from score lower."""
    return float(GRID[(f1 >= NEARLY * f1.max()).argmax()].round(2))


def f1_at(scores: npt.NDArray[np.float64], serving: npt.NDArray[np.bool_], segments: int) -> npt.NDArray[np.float64]:
    """F1 of the proposals, [P] scores and whether each serves a segment, shown from each score of GRID on."""
    shown_GP = scores[None] >= GRID[:, None]
    served_G = (shown_GP & serving[None]).sum(1)
    return np.asarray(2 * served_G / np.maximum(1, shown_GP.sum(1) + segments))


def _serving(proposals: Sequence[Proposal], labels: Labels) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Of each proposal, best first, whether it serves a segment that no better one serves; and whether it can be
    judged. The answers do not depend on a threshold: what is shown above one is the beginning of the list."""
    masks = [one.mask for one in proposals]
    ious_PT = ious(masks, [labelled.mask for labelled in labels.masks])
    free = np.ones(len(labels.masks), dtype=bool)
    serves = np.zeros(len(proposals), dtype=bool)
    for place, row in enumerate(ious_PT if free.any() else ()):
        best = int(np.where(free, row, -1.0).argmax())
        if free[best] and row[best] >= SERVED_FROM:
            serves[place], free[best] = True, False
    return serves, serves | is_known(masks, labels)
