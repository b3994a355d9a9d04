import numpy as np
import pytest

from core.annotation.errors import MaskError
from core.annotation.mask import Mask
from core.annotation.truth import Segment, Source
from core.training.data.segments import from_segments
from tests.core.maskformer.small_models import labels as label_set
from tests.core.training import made_sets as made

CATEGORIES = label_set("cat", "grass")


def segment(number, mask, category, *, crowd=False):
    return Segment(number, mask, category, order=number, source=Source.DRAWN, crowd=crowd)


def box(*sides):
    return Mask.from_array(made.box(20, 30, *sides))


def test_segments_become_masks_by_name_and_crowds_are_ignored():
    left, right, top = box(0, 0, 20, 9), box(5, 5, 20, 30), box(0, 0, 2, 30)
    segments = [
        segment(1, left, 11),
        segment(2, right, None),
        segment(3, top, 10, crowd=True),
        segment(4, box(3, 3, 3, 3), 10),
        segment(5, left, 99),
        segment(6, box(0, 0, 20, 1), None, crowd=True),
    ]
    labels = from_segments(segments, CATEGORIES, complete=True)
    assert [(one.mask, one.category) for one in labels.masks] == [(left, "grass"), (right, None), (left, None)]
    np.testing.assert_array_equal(
        labels.ignored.to_array(), made.box(20, 30, 0, 0, 2, 30) | made.box(20, 30, 0, 0, 20, 1)
    )
    assert labels.complete


@pytest.mark.parametrize("complete", [True, False])
def test_an_image_without_a_segment_has_no_mask(complete):
    labels = from_segments([], CATEGORIES, complete=complete)
    assert (labels.masks, labels.ignored, labels.complete) == ((), None, complete)


def test_crowds_of_two_sizes_are_refused():
    segments = [segment(1, box(0, 0, 2, 2), 10, crowd=True), segment(2, Mask.empty(5, 5), 10, crowd=True)]
    with pytest.raises(MaskError, match="different images"):
        from_segments(segments, CATEGORIES, complete=True)
