import math

import numpy as np

from core.annotation.mask import Mask
from core.annotation.proposals import ClassScore
from core.training.data.images import LabelledImage, LabelledMask, Labels
from core.training.naming import NameScores, judge_names
from tests.core.training.made_sets import box, write_photo


def ranked(*names: str) -> tuple[ClassScore, ...]:
    return tuple(ClassScore(name, 1 / (place + 1)) for place, name in enumerate(names))


def labelled(folder, *named: tuple[str | None, int]) -> LabelledImage:
    """A photo of 48×64 with squares of these names and sides."""
    write_photo(folder / "photo.png")
    masks = tuple(LabelledMask(Mask.from_array(box(48, 64, 0, 0, side, side)), name) for name, side in named)
    return LabelledImage(folder / "photo.png", (lambda: Labels(masks, None, complete=False),))


def test_names_count_where_the_true_one_stands(tmp_path):
    image = labelled(tmp_path, ("cat", 30), ("cat", 20), ("dog", 40), ("cow", 16))
    answers = {
        900: ranked("cat", "dog", "cow"),
        400: ranked("dog", "cow", "a", "b", "c", "cat"),
        1600: ranked("cow", "dog", "cat"),
        256: ranked("cow", "dog", "cat"),
    }
    seen = []

    def classify(pixels, masks):
        seen.append(pixels.shape)
        return [answers[mask.area] for mask in masks]

    watched = []
    scores = judge_names([image], classify, ["cat", "dog", "cow"], watch=lambda: watched.append(1))
    assert scores == NameScores(masks=4, first=0.5, among_few=0.75, commonest=0.5)
    assert seen == [(48, 64, 3)]
    assert watched == [1]


def test_small_nameless_and_unknown_masks_are_not_asked_about(tmp_path):
    image = labelled(tmp_path, ("cat", 15), (None, 30), ("ghost", 30))
    scores = judge_names([image], lambda pixels, masks: [ranked("cat") for _ in masks], ["cat"], watch=lambda: None)
    assert scores.masks == 0
    assert math.isnan(scores.first)
    assert np.isnan(scores.commonest)
