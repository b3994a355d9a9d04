"""How well proposals cover the truth, whatever their names: recall at 100 proposals.

Definition: of each photo, non-crowd truth of at least LEAST_AREA_PX at the photo's own size; each truth
mask takes its best IoU among the first LIMIT proposals in output order. Recall at an IoU is the share of
truth masks whose best IoU reaches it; AR is its mean over .50, .55 … .95. Two truth masks may take the
same proposal, unlike in COCO's AR.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco_masks

from core.annotation.mask import Mask
from core.training.data.images import LabelledImage, Pixels
from core.training.metrics.reading import LeaveOut, first_reading, read_images

LEAST_AREA_PX = 256
LIMIT = 100
FEW = 10
MEDIUM_PX = 32**2
LARGE_PX = 96**2
LEVELS = np.arange(0.5, 1.0, 0.05)

# A photo's masks, best first.
Propose = Callable[[Pixels], Sequence[Mask]]


@dataclass(frozen=True, eq=False)
class Coverage:
    """One photo: the area of each truth mask in pixels, int [T], and its IoU with each proposal, float [P, T]."""

    name: str
    areas: npt.NDArray[np.int64]
    ious: npt.NDArray[np.float64]

    def best(self, limit: int = LIMIT) -> npt.NDArray[np.float64]:
        """Each truth mask's best IoU among the first `limit` proposals, [T]; 0 without a proposal."""
        return np.asarray(self.ious[:limit].max(axis=0, initial=0.0))


@dataclass(frozen=True)
class Recall:
    """Truth masks in a range of areas: their number, AR, recall at IoU .50 and .75, mean best IoU; NaN without any."""

    masks: int
    ar: float
    r50: float
    r75: float
    mean_iou: float


def cover(name: str, truth: Sequence[Mask], proposals: Sequence[Mask], *, limit: int = LIMIT) -> Coverage:
    """Compare one photo's proposals, of which the first `limit` count, with its truth; smaller truth is left out."""
    wanted = [mask for mask in truth if mask.area >= LEAST_AREA_PX]
    areas = np.array([mask.area for mask in wanted], dtype=np.int64)
    return Coverage(name, areas, ious(proposals[:limit], wanted))


def ious(proposals: Sequence[Mask], truth: Sequence[Mask]) -> npt.NDArray[np.float64]:
    """IoU of every two masks: [P, T]."""
    if not proposals or not truth:
        return np.zeros((len(proposals), len(truth)))
    first, second = ([mask.to_coco() for mask in masks] for masks in (proposals, truth))
    return np.asarray(coco_masks.iou(first, second, [0] * len(second))).reshape(len(proposals), len(truth))


def cover_images(
    images: Iterable[LabelledImage],
    propose: Propose,
    *,
    watch: Callable[[], None] | None = None,
    leave_out: LeaveOut = None,
) -> list[Coverage]:
    """Compare the proposals of each image with its truth; of several readings, the first (the lowest k) counts.

    leave_out: see `read_images`.
    """
    covered = []
    for image, (pixels, labels) in read_images(images, first_reading, leave_out):
        covered.append(cover(image.name, [labelled.mask for labelled in labels.masks], propose(pixels)))
        if watch is not None:
            watch()
    return covered


def recall(covered: Sequence[Coverage], *, least_px: float = 0, below_px: float = np.inf, limit: int = LIMIT) -> Recall:
    """Recall over the truth masks of all photos with least_px ≤ area < below_px."""
    best = np.concatenate([np.zeros(0), *(one.best(limit) for one in covered)])
    areas = np.concatenate([np.zeros(0), *(one.areas for one in covered)])
    chosen = best[(areas >= least_px) & (areas < below_px)]
    if not chosen.size:
        return Recall(0, *[float("nan")] * 4)
    # Half a millionth: an IoU of exactly .55 counts at .55 in spite of rounding.
    reached = chosen[:, None] >= LEVELS - 5e-7
    per_level = reached.mean(0)
    return Recall(chosen.size, float(per_level.mean()), float(per_level[0]), float(per_level[5]), float(chosen.mean()))


def one_to_one_ar(covered: Sequence[Coverage]) -> float:
    """COCO's AR at 100 (COCOeval, no categories): each proposal answers for one truth mask, the best chooses first."""
    answered = [_answered(one.ious[:LIMIT], level) for one in covered for level in LEVELS]
    count = sum(len(one.areas) for one in covered)
    return sum(answered) / (count * len(LEVELS)) if count else float("nan")


def _answered(ious_PT: npt.NDArray[np.float64], level: float) -> int:
    """How many truth masks are taken when each proposal in turn takes the best free one that reaches the level."""
    free = np.ones(ious_PT.shape[1], dtype=bool)
    for row in ious_PT:
        candidates = np.where(free & (row >= level - 5e-7), row, -1.0)
        # Of equals COCOeval takes the last.
        chosen = candidates.size - 1 - int(candidates[::-1].argmax()) if candidates.size else 0
        if candidates.size and candidates[chosen] >= 0:
            free[chosen] = False
    return int((~free).sum())


@dataclass(frozen=True)
class Scores:
    """A set's scores. ar_interval, r50_large_interval: 95 % bootstrap intervals over photos.

    few: recall among the first FEW proposals; its mean_iou is what counts for one salient thing a photo.
    coco_ar: see `one_to_one_ar`.
    """

    photos: int
    overall: Recall
    medium: Recall
    large: Recall
    few: Recall
    coco_ar: float
    ar_interval: tuple[float, float]
    r50_large_interval: tuple[float, float]


def summarise(covered: Sequence[Coverage], *, draws: int = 1000, seed: int = 0) -> Scores:
    """Scores of a set's photos."""
    return Scores(
        photos=len(covered),
        overall=recall(covered),
        medium=recall(covered, least_px=MEDIUM_PX, below_px=LARGE_PX + 1),
        large=recall(covered, least_px=LARGE_PX + 1),
        few=recall(covered, limit=FEW),
        coco_ar=one_to_one_ar(covered),
        ar_interval=interval(covered, lambda drawn: recall(drawn).ar, draws=draws, seed=seed),
        r50_large_interval=interval(
            covered, lambda drawn: recall(drawn, least_px=LARGE_PX + 1).r50, draws=draws, seed=seed
        ),
    )


def interval(
    covered: Sequence[Coverage], score: Callable[[Sequence[Coverage]], float], *, draws: int, seed: int
) -> tuple[float, float]:
    """The middle 95 % of a score over `draws` sets of as many photos, drawn with replacement."""
    if not covered:
        return float("nan"), float("nan")
    rng = np.random.default_rng(seed)
    drawn = [score([covered[i] for i in rng.integers(len(covered), size=len(covered))]) for _ in range(draws)]
    if np.isnan(drawn).all():
        return float("nan"), float("nan")
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return float(low), float(high)
