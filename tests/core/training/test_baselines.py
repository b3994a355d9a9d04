import numpy as np
import pytest

from core.annotation.mask import Mask
from core.training.baselines import felzenszwalb_masks, grid_masks, merge_tree_masks
from tests.core.training.made_sets import box

pytest.importorskip("skimage", reason="needs the development requirement scikit-image")


def patches() -> tuple[np.ndarray, list[Mask]]:
    """A photo of four plain patches, two of them of nearly one colour, and their masks."""
    pixels = np.zeros((120, 160, 3), dtype=np.uint8)
    colours = {(0, 0, 60, 80): (220, 30, 30), (0, 80, 60, 160): (220, 30, 60)}
    colours |= {(60, 0, 120, 80): (20, 200, 40), (60, 80, 120, 160): (10, 20, 180)}
    masks = []
    for corners, colour in colours.items():
        inside = box(120, 160, *corners)
        pixels[inside] = colour
        masks.append(Mask.from_array(inside))
    return pixels, masks


def best_iou(masks: list[Mask], wanted: Mask) -> float:
    inside = wanted.to_array()
    return max((mask.to_array() & inside).sum() / (mask.to_array() | inside).sum() for mask in masks)


@pytest.mark.parametrize("propose", [felzenszwalb_masks, merge_tree_masks])
def test_patches_of_one_colour_are_found_large_ones_first(propose):
    pixels, wanted = patches()
    masks = propose(pixels)
    assert all(best_iou(masks, one) > 0.9 for one in wanted)
    assert [mask.area for mask in masks] == sorted((mask.area for mask in masks), reverse=True)
    assert len(set(masks)) == len(masks)


def test_the_tree_joins_like_colours_first_and_ends_with_the_whole_photo():
    pixels, (first, alike, *_) = patches()
    masks = merge_tree_masks(pixels)
    assert masks[0].area == 120 * 160
    assert best_iou(masks, Mask.union([first, alike])) > 0.9
    segments = (len(masks) + 1) // 2
    assert len(masks) == 2 * segments - 1


@pytest.mark.parametrize("size", [(1, 1), (1, 700), (500, 2), (5, 5)])
@pytest.mark.parametrize("propose", [felzenszwalb_masks, merge_tree_masks, grid_masks])
def test_thin_and_tiny_photos(propose, size):
    masks = propose(np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8))
    assert masks
    assert {mask.shape for mask in masks} == {size}
    assert all(mask.area for mask in masks)
