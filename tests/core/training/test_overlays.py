"""Masks drawn on photos: where pixels change, in which colour, and how rows line up."""

import cv2
import numpy as np
import pytest
from PIL import Image

from core.annotation.errors import TrainingError
from core.annotation.labels import Category, LabelSet, distinct_colour
from core.annotation.mask import Mask
from core.annotation.proposals import ClassScore, Proposal
from core.training.data.images import LabelledMask
from core.training.overlays import (
    GAP_PX,
    TITLE_PX,
    DrawnMask,
    Sample,
    draw_overlays,
    drawn_proposals,
    drawn_truth,
    write_picture,
)
from tests.core.training.made_sets import box

RED, GREEN = (200, 30, 30), (20, 160, 60)
LABELS = LabelSet.of([Category(1, "cat", True, RED), Category(2, "grass", False, GREEN)])
GREY = np.full((100, 200, 3), 128, dtype=np.uint8)
CELL = 200


def photo_of(picture, *, column=0, height=100, width=200):
    """The cells' photo of a picture with one row of 200-pixel cells."""
    left = column * (CELL + GAP_PX)
    return picture[2 * TITLE_PX : 2 * TITLE_PX + height, left : left + width]


def mask(top, left, bottom, right):
    return Mask.from_array(box(100, 200, top, left, bottom, right))


def proposal(query, score, name="cat", where=None):
    return Proposal(query, where or mask(10, 10, 60, 60), score, (ClassScore(name, score), ClassScore("grass", 0.0)))


def test_pixels_change_where_the_mask_is_and_nowhere_else():
    drawn = DrawnMask(mask(20, 40, 80, 160), RED, "")
    picture = draw_overlays([Sample("a", GREY, {"truth": [drawn], "model": []})], cell_px=CELL)
    changed = (photo_of(picture) != 128).any(axis=2)
    inside = box(100, 200, 20, 40, 80, 160)
    assert changed[inside].all()
    far = ~cv2.dilate(inside.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    assert not changed[far].any()
    assert (photo_of(picture, column=1) == 128).all()


def test_the_outline_has_the_category_colour_and_the_photo_shines_through_the_fill():
    picture = photo_of(
        draw_overlays([Sample("a", GREY, {"truth": [DrawnMask(mask(20, 40, 80, 160), RED, "")]})], cell_px=CELL)
    )
    assert tuple(picture[50, 40]) == RED
    assert np.abs(picture[50, 100].astype(float) - (0.65 * 128 + 0.35 * np.array(RED))).max() <= 1


def test_the_first_mask_lies_on_top():
    masks = [DrawnMask(mask(0, 0, 100, 200), RED, ""), DrawnMask(mask(0, 0, 100, 100), GREEN, "")]
    one = photo_of(draw_overlays([Sample("a", GREY, {"x": masks})], cell_px=CELL))
    other = photo_of(draw_overlays([Sample("a", GREY, {"x": masks[::-1]})], cell_px=CELL))
    assert tuple(one[50, 0]) == RED
    assert tuple(other[50, 0]) == GREEN


def test_a_text_stands_on_its_mask_and_two_never_overlap():
    named = [DrawnMask(mask(10, 10, 90, 150), RED, "cat"), DrawnMask(mask(10, 10, 90, 140), GREEN, "grass")]
    picture = photo_of(draw_overlays([Sample("a", GREY, {"x": named})], cell_px=CELL))
    assert tuple(picture[11, 11]) == RED
    without = photo_of(draw_overlays([Sample("a", GREY, {"x": [named[0], DrawnMask(named[1].mask, GREEN, "")]})]))
    assert without.shape == picture.shape
    only = draw_overlays([Sample("a", GREY, {"x": [named[0], DrawnMask(named[1].mask, GREEN, "")]})], cell_px=CELL)
    assert np.array_equal(picture, photo_of(only))


def test_a_mask_too_narrow_for_its_text_has_none():
    tiny = mask(50, 50, 58, 58)
    bare, named = (
        draw_overlays([Sample("a", GREY, {"x": [DrawnMask(tiny, RED, text)]})], cell_px=CELL)
        for text in ("", "a long name")
    )
    assert np.array_equal(bare, named)


def test_rows_have_the_same_height_whatever_the_columns():
    samples = [(GREY, "wide"), (GREY.transpose(1, 0, 2).copy(), "tall"), (np.zeros((1, 900, 3), np.uint8), "a line")]
    two = draw_overlays([Sample(title, pixels, {"truth": [], "old": []}) for pixels, title in samples])
    one = draw_overlays([Sample(title, pixels, {"new": []}) for pixels, title in samples])
    assert two.shape[0] == one.shape[0]
    assert two.shape[1] == 2 * one.shape[1]


def test_the_same_samples_give_the_same_picture_and_leave_the_photo_alone():
    sample = Sample("a", GREY.copy(), {"x": [DrawnMask(mask(0, 0, 50, 50), RED, "cat")]})
    assert np.array_equal(draw_overlays([sample]), draw_overlays([sample]))
    assert np.array_equal(sample.pixels, GREY)


@pytest.mark.parametrize("title", ["", "x" * 500, "猫の写真.jpg", "Straße – naïve Ελλάδα.png", "a\nb"])
def test_any_title_is_drawn_within_its_line(title):
    picture = draw_overlays([Sample(title, GREY, {"x": []})], cell_px=CELL)
    assert picture.shape == (2 * TITLE_PX + 100 + GAP_PX, CELL + GAP_PX, 3)


def test_a_mask_at_every_edge_and_an_empty_one_are_drawn():
    masks = [mask(0, 0, 100, 200), Mask.empty(100, 200), mask(99, 199, 100, 200)]
    picture = draw_overlays([Sample("a", GREY, {"x": [DrawnMask(item, RED, "name") for item in masks]})])
    assert picture.dtype == np.uint8


def test_without_an_image_or_with_other_columns_it_says_so():
    with pytest.raises(TrainingError, match="no image"):
        draw_overlays([])
    with pytest.raises(TrainingError, match=r"b has the columns \['new'\]"):
        draw_overlays([Sample("a", GREY, {"old": []}), Sample("b", GREY, {"new": []})])


def test_truth_is_coloured_by_category_with_small_masks_on_top():
    large, small = mask(0, 0, 90, 90), mask(0, 0, 20, 20)
    drawn = drawn_truth([LabelledMask(large, "cat"), LabelledMask(small, None)], LABELS)
    assert [(item.mask, item.text) for item in drawn] == [(small, ""), (large, "cat")]
    assert drawn[1].colour == RED
    assert drawn[0].colour == distinct_colour(1)


def test_proposals_below_the_threshold_and_past_the_limit_are_left_out():
    proposals = [proposal(0, 0.9), proposal(1, 0.6, "region"), proposal(2, 0.5, "grass"), proposal(3, 0.4)]
    drawn = drawn_proposals(proposals, LABELS, threshold=0.5)
    assert [item.text for item in drawn] == ["cat 0.90", "0.60", "grass 0.50"]
    assert [item.colour for item in drawn] == [RED, distinct_colour(1), GREEN]
    assert len(drawn_proposals(proposals, LABELS, threshold=0.0, limit=2)) == 2


@pytest.mark.parametrize("name", ["picture.png", "picture.jpg"])
def test_a_written_picture_reads_back(tmp_path, name):
    picture = draw_overlays([Sample("a", GREY, {"x": [DrawnMask(mask(0, 0, 50, 50), RED, "cat")]})])
    write_picture(picture, tmp_path / name)
    with Image.open(tmp_path / name) as opened:
        read = np.asarray(opened.convert("RGB")).astype(int)
    assert np.abs(read - picture).mean() < (0.01 if name.endswith("png") else 6)
    assert [path.name for path in tmp_path.iterdir()] == [name]
