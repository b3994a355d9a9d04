import cv2
import numpy as np
import pytest

from core.annotation.errors import MaskError
from core.inference.wand import GRID_PX, distances_to, photo_colours, wand_mask


def two_halves(height=60, width=80):
    """A red and a blue half with a little noise; blue begins at half the width."""
    photo = np.zeros((height, width, 3), np.uint8)
    photo[:, : width // 2, 0] = photo[:, width // 2 :, 2] = 200
    noise = np.random.default_rng(0).integers(0, 12, photo.shape, dtype=np.uint8)
    return photo + noise


def test_a_click_by_colour_takes_its_half_whatever_the_photos_size():
    for scale in (1, 4, 20):
        photo = cv2.resize(two_halves(), None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)
        height, width = photo.shape[:2]
        found = distances_to(photo_colours(photo), None, (0.2, 0.5))
        mask = wand_mask(found.values, (height, width), (width // 5, height // 2), found.tolerance).to_array()
        half = np.zeros((height, width), bool)
        half[:, : width // 2] = True
        assert (mask & half).sum() / (mask | half).sum() > 0.95


def test_the_grid_is_no_larger_than_the_photo_and_than_what_is_sent():
    assert photo_colours(two_halves(30, 20)).shape == (30, 20, 3)
    assert photo_colours(two_halves(300, 1200)).shape == (112, GRID_PX, 3)
    assert photo_colours(two_halves(1, 3000)).shape == (1, GRID_PX, 3)


def test_embeddings_part_what_colours_do_not():
    photo = np.full((64, 96, 3), 90, np.uint8)
    embeddings = np.zeros((2, 16, 24), np.float16)
    embeddings[0, :, :12] = embeddings[1, :, 12:] = 1
    found = distances_to(photo_colours(photo), embeddings, (0.9, 0.5))
    mask = wand_mask(found.values, (64, 96), (86, 32), found.tolerance).to_array()
    assert mask[:, 52:].all()
    assert not mask[:, :44].any()


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (5, 1)])
def test_a_photo_of_one_colour_is_one_region(size):
    found = distances_to(photo_colours(np.full((*size, 3), 7, np.uint8)), None, (0.5, 0.5))
    assert wand_mask(found.values, size, (0, 0), found.tolerance).area == size[0] * size[1]


def test_distances_are_read_between_the_cells_centres_as_bilinear_interpolation_does():
    distances = np.random.default_rng(1).integers(0, 256, (9, 13), dtype=np.uint8)
    size = (90, 104)
    stretched = cv2.resize(distances.astype(np.float64), size[::-1], interpolation=cv2.INTER_LINEAR)
    for tolerance in (60, 128, 200):
        mask = wand_mask(distances, size, (50, 40), tolerance).to_array()
        inside = stretched <= tolerance
        inside[40, 50] = True
        _, labels = cv2.connectedComponents(inside.astype(np.uint8), connectivity=4)
        # Shares are rounded down to 256ths of a cell, so that a border may lie a hair elsewhere.
        assert (mask != (labels == labels[40, 50])).mean() < 0.02


@pytest.mark.parametrize("at", [(-1, 0), (8, 0), (0, 6)])
def test_a_pixel_outside_the_photo_is_named(at):
    with pytest.raises(MaskError, match=r"outside the photo of 8×6"):
        wand_mask(np.zeros((3, 4), np.uint8), (6, 8), at, 10)


def test_a_tolerance_beyond_all_distances_is_named():
    with pytest.raises(MaskError, match="256"):
        wand_mask(np.zeros((3, 4), np.uint8), (6, 8), (0, 0), 256)
