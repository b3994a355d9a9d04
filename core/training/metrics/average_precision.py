"""Mask AP as COCO defines it, by COCO's own code (pycocotools), fed one image at a time."""

from __future__ import annotations

import contextlib
import io
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from core.annotation.labels import LabelSet
from core.annotation.mask import Mask
from core.training.metrics.truths import Thing

# Predicted masks of a category that count in an image, as in COCO's tables.
LIMIT = 100

_Floats = npt.NDArray[np.float64]
# A category's id and one of COCOeval's ranges of areas.
_Place = tuple[int, int]
_Comparison = Mapping[str, Any]


@dataclass(frozen=True)
class Found:
    """A predicted mask; `score` ranks it among those of its category."""

    category_id: int
    score: float
    mask: Mask


@dataclass(frozen=True)
class PrecisionScores:
    """COCO's AP: mean precision over recalls 0, .01 … 1, IoU .50:.05:.95 and the categories in the truth; else NaN.

    small, medium, large: masks below 32², from there to 96², and above.   by_category: AP by name.
    masks: how many truth masks there are, crowds left out.
    """

    images: int
    masks: int
    ap: float
    ap50: float
    ap75: float
    small: float
    medium: float
    large: float
    by_category: Mapping[str, float]


class MaskAveragePrecision:
    """Compares the masks of one image at a time; keeps each mask's score and whether it matched, not the mask."""

    def __init__(self, categories: LabelSet, *, limit: int = LIMIT) -> None:
        """limit: how many predicted masks of a category count in an image, the best-scored ones."""
        self._categories = categories
        self._limit = limit
        self._compared: list[Mapping[_Place, _Comparison]] = []
        self._masks = 0

    def add(self, found: Sequence[Found], truth: Sequence[Thing]) -> None:
        """Compare an image's masks, all of one size; those of a category that is not judged are left out."""
        found = [one for one in found if self._categories.find(one.category_id) is not None]
        truth = [one for one in truth if self._categories.find(one.category_id) is not None]
        sought = [one.category_id for one in truth if not one.crowd]
        wanted = sorted({*sought, *(one.category_id for one in found)})
        self._compared.append(_compare(found, truth, wanted, self._limit) if wanted else {})
        self._masks += len(sought)

    def scores(self) -> PrecisionScores:
        """The scores of all images so far."""
        ids = sorted({category_id for compared in self._compared for category_id, _ in compared})
        levels, precision_TKA = self._accumulated(ids) if ids else (np.zeros(0), np.full((1, 0, 4), -1.0))
        per_category = [_mean(precision_TKA[:, place, _Area.ALL]) for place in range(len(ids))]
        return PrecisionScores(
            images=len(self._compared),
            masks=self._masks,
            ap=_mean(precision_TKA[:, :, _Area.ALL]),
            ap50=_mean(precision_TKA[levels == 0.5, :, _Area.ALL]),
            ap75=_mean(precision_TKA[levels == 0.75, :, _Area.ALL]),
            small=_mean(precision_TKA[:, :, _Area.SMALL]),
            medium=_mean(precision_TKA[:, :, _Area.MEDIUM]),
            large=_mean(precision_TKA[:, :, _Area.LARGE]),
            by_category={
                self._categories.get(number).name: score
                for number, score in zip(ids, per_category, strict=True)
                if not np.isnan(score)
            },
        )

    def _accumulated(self, ids: Sequence[int]) -> tuple[_Floats, _Floats]:
        """IoU levels [T] and the precision averaged over recalls [T, K, A], −1 where the truth has no such mask."""
        evaluation = COCOeval(iouType="segm")
        evaluation.params.catIds = list(ids)
        evaluation.params.imgIds = list(range(len(self._compared)))
        evaluation.params.maxDets = [self._limit]
        evaluation.evalImgs = [
            compared.get((category_id, area)) for category_id in ids for area in _Area for compared in self._compared
        ]
        evaluation._paramsEval = evaluation.params
        with contextlib.redirect_stdout(io.StringIO()):
            evaluation.accumulate()
        return evaluation.params.iouThrs, evaluation.eval["precision"][..., 0].mean(axis=1)


class _Area(IntEnum):
    """COCOeval's areas, in its order."""

    ALL = 0
    SMALL = 1
    MEDIUM = 2
    LARGE = 3


def _compare(
    found: Sequence[Found], truth: Sequence[Thing], wanted: Sequence[int], limit: int
) -> dict[_Place, _Comparison]:
    """COCOeval's matches in one image, by category and area."""
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = COCOeval(
            _coco([_entry(one) | {"iscrowd": int(one.crowd)} for one in truth]),
            _coco([_entry(one) | {"iscrowd": 0, "score": one.score} for one in found]),
            "segm",
        )
        evaluation.params.catIds = list(wanted)
        evaluation.params.imgIds = [0]
        evaluation.params.maxDets = [limit]
        evaluation.evaluate()
    places = itertools.product(wanted, _Area)
    return {
        (category_id, area): _kept(comparison)
        for (category_id, area), comparison in zip(places, evaluation.evalImgs, strict=True)
        if comparison is not None
    }


def _kept(comparison: _Comparison) -> _Comparison:
    """What COCOeval's accumulation reads of a comparison. It asks whether a mask matched, not which."""
    return {
        "dtScores": comparison["dtScores"],
        "dtMatches": comparison["dtMatches"] != 0,
        "dtIgnore": comparison["dtIgnore"],
        "gtIgnore": comparison["gtIgnore"],
    }


def _entry(one: Found | Thing) -> dict[str, object]:
    return {"image_id": 0, "category_id": one.category_id, "area": one.mask.area, "segmentation": one.mask.to_coco()}


def _coco(entries: Sequence[Mapping[str, object]]) -> COCO:
    """The entries as pycocotools holds them; their ids begin at 1, since COCOeval takes a match with 0 for none."""
    coco = COCO()
    coco.dataset = {
        # Nobody reads the size here: RLE has its own.
        "images": [{"id": 0, "height": 1, "width": 1}],
        "annotations": [{"id": number, **entry} for number, entry in enumerate(entries, start=1)],
        "categories": [],
    }
    coco.createIndex()
    return coco


def _mean(precision: _Floats) -> float:
    """Of the values that exist; NaN when none does."""
    existing = precision[precision >= 0]
    return float(existing.mean()) if existing.size else float("nan")
