"""How well a model names masks that are given to it: the truth's, of held-back images."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from core.annotation.mask import Mask
from core.annotation.proposals import ClassScore
from core.training.data.images import LabelledImage, Pixels
from core.training.metrics.reading import LeaveOut, first_reading, read_images
from core.training.metrics.recall import LEAST_AREA_PX

# What a person is offered at a glance.
FEW_NAMES = 5

# Ranked names of each given mask of a photo.
Classify = Callable[[Pixels, Sequence[Mask]], Sequence[Sequence[ClassScore]]]


@dataclass(frozen=True)
class NameScores:
    """masks: how many were named.   first, among_few: the share whose true name comes first, or in the first FEW_NAMES.

    commonest: the share of the commonest true name, which a constant answer would reach. NaN without a mask.
    """

    masks: int
    first: float
    among_few: float
    commonest: float


def judge_names(
    images: Iterable[LabelledImage],
    classify: Classify,
    known: Sequence[str],
    *,
    watch: Callable[[], None],
    leave_out: LeaveOut = None,
) -> NameScores:
    """Names of the truth masks of at least LEAST_AREA_PX whose true name is among the `known` ones.

    leave_out: see `read_images`.
    """
    places: list[int] = []
    truths: list[str] = []
    for _, (pixels, labels) in read_images(images, first_reading, leave_out):
        asked = [one for one in labels.masks if one.category in known and one.mask.area >= LEAST_AREA_PX]
        answers = classify(pixels, [one.mask for one in asked])
        for one, ranked in zip(asked, answers, strict=True):
            assert one.category is not None
            truths.append(one.category)
            places.append([score.name for score in ranked].index(one.category))
        watch()
    if not truths:
        return NameScores(0, *[float("nan")] * 3)
    count = len(truths)
    return NameScores(
        masks=count,
        first=sum(place == 0 for place in places) / count,
        among_few=sum(place < FEW_NAMES for place in places) / count,
        commonest=max(truths.count(name) for name in set(truths)) / count,
    )
