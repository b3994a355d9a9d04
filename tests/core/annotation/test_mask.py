import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from pycocotools import mask as coco_mask

from core.annotation.errors import MaskError
from core.annotation.mask import Mask, measure
from core.annotation.run_lengths import runs_from_text, text_from_runs

arrays = npst.arrays(bool, npst.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=24))


@given(arrays)
def test_encoding_equals_pycocotools(array):
    mask = Mask.from_array(array)
    theirs = coco_mask.encode(np.asfortranarray(array.astype(np.uint8)))
    assert mask.counts.encode() == theirs["counts"]
    assert mask.area == coco_mask.area(theirs)
    assert list(mask.bbox) == coco_mask.toBbox(theirs).tolist()
    assert np.array_equal(mask.to_array(), array)
    assert mask.to_coco() == {"size": list(array.shape), "counts": theirs["counts"].decode()}


@given(arrays)
def test_reading_any_form_of_the_same_mask_gives_the_same_mask(array):
    mask = Mask.from_array(array)
    split = [part for run in mask.runs.tolist() for part in ((run // 2, 0, run - run // 2) if run else (0,))]
    assert Mask.from_runs(*array.shape, split) == mask
    assert Mask.from_coco({"size": list(array.shape), "counts": mask.runs.tolist()}) == mask
    assert Mask.from_coco({"size": list(array.shape), "counts": mask.counts.encode()}) == mask


@given(st.lists(arrays, min_size=1, max_size=5))
def test_many_texts_at_once_are_the_masks_areas_and_boxes_of_each(some):
    encoded = [coco_mask.encode(np.asfortranarray(array.astype(np.uint8))) for array in some]
    sizes, texts = [array.shape for array in some], [one["counts"].decode() for one in encoded]
    masks = Mask.from_texts(sizes, texts)
    fresh = [Mask(*size, text) for size, text in zip(sizes, texts, strict=True)]
    measure(fresh)
    for mask, again, theirs in zip(masks, fresh, encoded, strict=True):
        assert mask == again == Mask.from_coco({"size": theirs["size"], "counts": theirs["counts"].decode()})
        assert mask.area == again.area == coco_mask.area(theirs) == Mask(*mask.shape, mask.counts).area
        assert list(mask.bbox) == list(again.bbox) == coco_mask.toBbox(theirs).tolist()
        assert mask.bbox == Mask(*mask.shape, mask.counts).bbox


def test_one_bad_text_of_many_is_refused_and_a_long_one_becomes_canonical():
    good = Mask.from_array(np.eye(5, dtype=bool))
    for bad in ("", "\x7f", "Po", "ä", "00", "oooooo0"):
        with pytest.raises(MaskError):
            Mask.from_texts([good.shape] * 3, [good.counts, bad, good.counts])
    needless = chr(ord(good.counts[0]) + 32) + "0" + good.counts[1:]
    assert Mask.from_texts([good.shape] * 2, [good.counts, needless]) == [good, good]


@given(st.lists(st.integers(0, 2**30), min_size=1, max_size=40))
def test_text_and_runs_are_inverse(runs):
    assert runs_from_text(text_from_runs(runs)).tolist() == runs


@given(st.lists(arrays, min_size=1, max_size=1), st.data())
def test_union_is_the_pixelwise_or(first, data):
    shape = first[0].shape
    others = data.draw(st.lists(npst.arrays(bool, shape), max_size=3))
    merged = Mask.union([Mask.from_array(array) for array in first + others])
    assert np.array_equal(merged.to_array(), np.any(np.stack(first + others), axis=0))


@pytest.mark.parametrize(
    "rle",
    [
        None,
        {},
        {"size": [4, 4]},
        {"size": [4], "counts": [16]},
        {"size": [4, "4"], "counts": [16]},
        {"size": [True, 4], "counts": [4]},
        {"size": [0, 4], "counts": [0]},
        {"size": [4, 4], "counts": []},
        {"size": [4, 4], "counts": ""},
        {"size": [4, 4], "counts": [15]},
        {"size": [4, 4], "counts": [17]},
        {"size": [4, 4], "counts": [-1, 17]},
        {"size": [4, 4], "counts": [2.5, 13.5]},
        {"size": [4, 4], "counts": ["16"]},
        {"size": [4, 4], "counts": [[16]]},
        {"size": [4, 4], "counts": "é"},
        {"size": [4, 4], "counts": "ooooooooo"},
        {"size": [4, 4], "counts": "PPPPPPPPPPPPPPPPPP0"},
        {"size": [4, 4], "counts": 16},
        {"size": [10**6, 10**6], "counts": [10**12]},
        {"size": [2**40, 2**40], "counts": [1]},
        {"size": [4, 4], "counts": [2**63, 2**63]},
    ],
)
def test_a_bad_rle_is_refused_before_anything_is_allocated(rle):
    with pytest.raises(MaskError):
        Mask.from_coco(rle)


def test_a_mask_of_another_size_names_both_sizes():
    with pytest.raises(MaskError, match="4×2, but its image is 8×6"):
        Mask.from_coco({"size": [2, 4], "counts": [8]}, size=(6, 8))


@pytest.mark.parametrize("shape", [(0, 3), (3,), (2, 2, 2)])
def test_an_array_that_is_no_image_is_refused(shape):
    with pytest.raises(MaskError, match="non-empty"):
        Mask.from_array(np.zeros(shape, dtype=bool))


def test_masks_of_two_sizes_do_not_merge():
    with pytest.raises(MaskError, match="different images"):
        Mask.union([Mask.empty(2, 3), Mask.empty(3, 2)])
