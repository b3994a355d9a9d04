"""Polygons along pixel corners, against OpenCV, SciPy, scikit-image and pycocotools, which know nothing of ours."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco_mask
from scipy import ndimage
from skimage.measure import points_in_poly

from core.annotation.errors import FormatError
from core.annotation.mask import Mask
from core.formats.polygons import MAX_VERTICES, Polygon, as_ring, bridged, fill, inset, polygons
from tests.core.formats.made_truths import masks


@st.composite
def any_masks(draw: st.DrawFn) -> Mask:
    """Boxes with holes and scattered pixels, which touch at corners, of any size, up to whole and empty ones."""
    height, width = draw(st.integers(1, 20)), draw(st.integers(1, 20))
    if draw(st.booleans()):
        return draw(masks(height, width))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    return Mask.from_array(random.random((height, width)) < draw(st.sampled_from([0, 0.2, 0.5, 0.8, 1])))


def rings_of(parts: tuple[Polygon, ...]) -> list[np.ndarray]:
    return [ring for part in parts for ring in part.rings]


@settings(deadline=None, max_examples=50)
@given(mask=any_masks())
def test_a_mask_comes_back_from_its_polygons(mask: Mask) -> None:
    parts = polygons(mask)
    assert fill(rings_of(parts), *mask.shape) == mask
    # Parts and holes as SciPy counts them: pixels that touch at a corner are apart, holes that do are one.
    labels, count = ndimage.label(mask.to_array())
    assert len(parts) == count
    for part in parts:
        row, column = part.outer[0][1], part.outer[0][0]
        own = labels == labels[row, column]
        assert np.array_equal(fill(part.rings, *mask.shape).to_array(), own)
        filled = ndimage.binary_fill_holes(own, structure=np.ones((3, 3)))
        assert np.array_equal(fill([part.outer], *mask.shape).to_array(), filled)


@settings(deadline=None, max_examples=50)
@given(mask=any_masks())
def test_inset_and_bridged_outlines_hold_the_same_pixels(mask: Mask) -> None:
    moved = [inset(ring, 0.25) for ring in rings_of(polygons(mask))]
    assert fill(moved, *mask.shape) == mask
    painted = np.zeros(mask.shape, dtype=np.uint8)
    cv2.fillPoly(painted, [ring.astype(np.int32) for ring in moved], 1)
    assert np.array_equal(painted > 0, mask.to_array())
    if moved:
        assert fill([bridged(moved)], *mask.shape) == mask


@settings(deadline=None, max_examples=50)
@given(st.integers(3, 9), st.integers(0, 2**32))
def test_real_coordinates_are_sampled_at_pixel_centres(count: int, seed: int) -> None:
    height, width = 13, 17
    ring = np.random.default_rng(seed).uniform(-5, 22, (count, 2))
    centres = np.stack(np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5), axis=2).reshape(-1, 2)
    expected = points_in_poly(centres, ring).reshape(height, width)
    assert np.array_equal(fill([ring], height, width).to_array(), expected)


def test_pycocotools_reads_corners_exactly() -> None:
    rows, columns = np.mgrid[:60, :80]
    disk = (rows - 30) ** 2 + (columns - 40) ** 2 <= 15**2
    (part,) = polygons(Mask.from_array(disk))
    (rle,) = coco_mask.frPyObjects([part.outer.ravel().astype(float).tolist()], 60, 80)
    assert np.array_equal(coco_mask.decode(rle) > 0, disk)


def test_outlines_go_clockwise_and_holes_the_other_way() -> None:
    array = np.zeros((6, 6), dtype=bool)
    array[1:5, 1:5] = True
    array[2:4, 2:4] = False
    (part,) = polygons(Mask.from_array(array))
    assert part.outer.tolist() == [[1, 1], [5, 1], [5, 5], [1, 5]]
    assert [hole.tolist() for hole in part.holes] == [[[2, 4], [4, 4], [4, 2], [2, 2]]]


def test_a_large_image_costs_its_outline_only() -> None:
    mask = Mask.from_runs(20_000, 10_000, [100_000_000 - 1, 2, 100_000_000 - 1])
    assert fill(rings_of(polygons(mask)), 20_000, 10_000) == mask


@pytest.mark.parametrize(
    "points",
    [
        [[0, 0], [1, 1]],
        [[0, 0, 0], [1, 1, 1], [2, 2, 2]],
        "abc",
        None,
        {"x": 1},
        [[0, 0], [1, None], [2, 2]],
        [[0, 0], [float("nan"), 1], [2, 2]],
        [[0, 0], [1e308, 1], [2, 2]],
        [[0, 0], [-float("inf"), 1], [2, 2]],
        [[0, 0], [10**400, 1], [2, 2]],
        [[0, 0]] * (MAX_VERTICES + 1),
    ],
)
def test_what_is_no_polygon_is_refused(points: object) -> None:
    with pytest.raises(FormatError, match="polygon"):
        as_ring(points)


def test_an_outline_to_and_fro_is_refused_before_it_costs_memory() -> None:
    ring = as_ring([[0, 0], [9_999, 1]] * (MAX_VERTICES // 2))
    with pytest.raises(FormatError, match="simplify it"):
        fill([ring], 5_000, 10_000)
