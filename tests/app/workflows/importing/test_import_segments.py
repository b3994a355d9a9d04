"""A set's segments as truth: sizes, turns, ids."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import app.workflows.importing.segments as segments_module
from app.workflows.importing.segments import truth_of
from app.workflows.importing.turning import turned
from core.annotation.mask import Mask
from core.formats.imported import ReadImage, ReadSegment

TURNS = {
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def read(*masks, ids=(), **given):
    numbers = [*ids, *[None] * (len(masks) - len(ids))]
    segments = tuple(ReadSegment(mask, 1, id=number) for mask, number in zip(masks, numbers, strict=True))
    return ReadImage("a.png", Path("a.png"), segments, **given)


def blob(height, width):
    return Mask.from_array(np.random.default_rng(3).random((height, width)) > 0.5)


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_masks_of_the_stored_photo_turn_as_pillow_turns_the_photo(orientation):
    mask = blob(4, 7)
    expected = np.asarray(Image.fromarray(mask.to_array().astype(np.uint8)).transpose(TURNS[orientation]))
    assert np.array_equal(turned(mask, orientation).to_array(), expected.astype(bool))
    truth = truth_of(read(mask), (7, 4), orientation, 0, {1: 1})
    assert truth.segments[0].mask == turned(mask, orientation)
    assert not truth.doubtful


def test_masks_of_the_upright_photo_stay():
    mask = blob(7, 4)
    truth = truth_of(read(mask), (7, 4), 6, 0, {1: 5})
    assert (truth.segments[0].mask, truth.segments[0].category_id) == (mask, 5)


@pytest.mark.parametrize(("orientation", "shape"), [(3, (7, 4)), (6, (5, 5))])
def test_a_turn_that_the_size_does_not_tell_is_doubtful(orientation, shape):
    assert truth_of(read(blob(*shape)), shape, orientation, 0, {1: 1}).doubtful


@pytest.mark.parametrize("orientation", [1, 3])
def test_masks_of_another_size_are_a_problem_of_the_image(orientation):
    truth = truth_of(read(blob(4, 7)), (7, 4), orientation, 0, {1: 1})
    assert not truth.segments
    assert "its masks are 7×4 and its photo is 4×7" in str(truth.problems[0])


def test_a_size_that_is_not_the_photos_is_a_problem_without_masks_too():
    assert truth_of(read(size=(9, 9)), (7, 4), 1, 0, {}).problems
    assert not truth_of(read(size=(7, 4)), (7, 4), 1, 0, {}).problems


def test_ids_are_kept_where_they_are_free_and_stand_once():
    masks = [blob(3, 3)] * 6
    truth = truth_of(read(*masks, ids=[7, 7, 2, None, 2**24, 0]), (3, 3), 1, 0, {1: 1})
    assert [segment.id for segment in truth.segments] == [1, 3, 2, 4, 5, 6]
    assert truth.renumbered == 4
    assert [segment.order for segment in truth.segments] == [1, 2, 3, 4, 5, 6]


def test_ids_that_the_image_had_are_never_given_again():
    truth = truth_of(read(blob(3, 3), blob(3, 3), ids=[4, 9]), (3, 3), 1, 6, {1: 1})
    assert [segment.id for segment in truth.segments] == [7, 9]


def test_an_empty_mask_and_too_many_segments_are_problems(monkeypatch):
    monkeypatch.setattr(segments_module, "MAX_SEGMENTS", 2)
    truth = truth_of(read(blob(3, 3), Mask.empty(3, 3), blob(3, 3)), (3, 3), 1, 0, {1: 1})
    assert len(truth.segments) == 1
    assert [str(problem) for problem in truth.problems] == [
        "a.png: has 3 segments; those above the lowest 2 are too many",
        "a.png: segment 2 has no pixel",
    ]
