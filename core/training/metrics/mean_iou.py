"""Mean intersection over union of category maps (PASCAL VOC, Everingham et al. 2015, section 4.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.annotation.labels import LabelSet
from core.annotation.views import SEMANTIC_VOID
from core.training.metrics.truths import Ids


@dataclass(frozen=True)
class SemanticScores:
    """Shares in 0..1 over the pixels of all images; NaN where there is nothing to judge.

    mean_iou: over the categories that occur in the truth.   accuracy: pixels of a category that got it.
    by_category: the IoU by name, of each category that truth or prediction shows; 0 for one only predicted.
    """

    images: int
    mean_iou: float
    accuracy: float
    by_category: Mapping[str, float]


class MeanIou:
    """Counts pixels by category, one image at a time; memory depends on the number of categories alone."""

    def __init__(self, categories: LabelSet) -> None:
        self._categories = categories
        self._ids = np.array(sorted(category.id for category in categories), dtype=np.int64)
        self._images = 0
        # Right, predicted and true pixels of each category; the last column holds all other values.
        self._pixels = np.zeros((3, len(self._ids) + 1), dtype=np.int64)

    def add(self, predicted: Ids, truth: Ids) -> None:
        """Count an image: category ids, int [H, W].

        truth: pixels of `SEMANTIC_VOID` are left out; any other value that is no category is background.
        predicted: a value that is no category is right nowhere, and wrong where the truth is a category.
        """
        assert predicted.shape == truth.shape, (predicted.shape, truth.shape)
        known = truth != SEMANTIC_VOID
        found, true = self._places(predicted[known]), self._places(truth[known])
        for row, places in enumerate((true[found == true], found, true)):
            self._pixels[row] += np.bincount(places, minlength=len(self._ids) + 1)
        self._images += 1

    def scores(self) -> SemanticScores:
        """The scores of all images so far."""
        right, predicted, true = self._pixels[:, :-1]
        with np.errstate(invalid="ignore"):
            iou = right / (predicted + true - right)
            accuracy = float(np.divide(right.sum(), true.sum()))
        names = [self._categories.get(int(number)).name for number in self._ids]
        shown = {name: float(value) for name, value in zip(names, iou, strict=True) if not np.isnan(value)}
        mean = float(iou[true > 0].mean()) if true.any() else float("nan")
        return SemanticScores(self._images, mean, accuracy, shown)

    def _places(self, ids: Ids) -> npt.NDArray[np.int64]:
        """The place of each id among the categories'; their number for any other value."""
        if not self._ids.size:
            return np.zeros(ids.shape, dtype=np.int64)
        places = np.searchsorted(self._ids, ids).clip(max=self._ids.size - 1)
        return np.where(self._ids[places] == ids, places, self._ids.size)
