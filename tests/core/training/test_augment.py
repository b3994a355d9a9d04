import numpy as np
import pytest
import torch

from core.annotation.errors import TrainingError
from core.annotation.mask import Mask
from core.training.augment import AugmentConfig, draw_window
from core.training.data.images import LabelledMask, Labels
from core.training.data.prepared import PreparedImage
from core.training.labels import LabelCodes
from core.training.scene import Window, cut_mask, cut_scene, inner_point, target_of, to_cells
from tests.core.maskformer.small_models import labels as label_set
from tests.core.training.made_sets import box, make_example

CODES = LabelCodes(label_set("cat", "grass", "region"))
STILL = AugmentConfig(scale=(1.0, 1.0), flip=0.0, colour=0.0)


def labels_of(*masks, ignored=None, complete=False):
    named = tuple(LabelledMask(Mask.from_array(mask), "cat") for mask in masks)
    return Labels(named, None if ignored is None else Mask.from_array(ignored), complete)


def target_in(labels, window, crop_px=64, config=STILL):
    pixels = np.zeros((window.out_height, window.out_width, 3), dtype=np.uint8)
    scene = cut_scene(labels, window, pixels, codes=CODES, unnamed="thing", name="x")
    return target_of(scene, crop_px, least_visible=config.least_visible)


def test_a_mask_is_averaged_over_cells_of_four_pixels():
    window = Window(top=0, left=0, height=64, width=64, out_height=64, out_width=64, mirrored=False)
    cells = to_cells(cut_mask(Mask.from_array(box(64, 64, 2, 4, 8, 12)), window))
    expected = np.zeros((16, 16))
    expected[0, 1:3], expected[1, 1:3] = 0.5, 1.0
    np.testing.assert_allclose(cells / 255, expected, atol=1 / 255)


def test_a_mirrored_window_mirrors_photo_and_mask_alike():
    rng = np.random.default_rng(0)
    photo = np.zeros((64, 64, 3), dtype=np.uint8)
    inside = box(64, 64, 10, 4, 30, 28)
    photo[inside] = 255
    image = PreparedImage("x", photo, (lambda: labels_of(inside),))
    config = AugmentConfig(scale=(1.0, 1.0), flip=1.0, colour=0.0)
    example = make_example(image, crop_px=64, codes=CODES, unnamed="thing", config=config, rng=rng)
    np.testing.assert_array_equal(example.pixels[..., 0] > 0, inside[:, ::-1])
    shown = example.pixels[..., 0].reshape(16, 4, 16, 4).mean(axis=(1, 3))
    np.testing.assert_allclose(example.target.masks[0], shown, atol=1)


@pytest.mark.parametrize("seed", range(20))
def test_photo_and_masks_stay_together_at_any_scale(seed):
    photo = np.zeros((90, 120, 3), dtype=np.uint8)
    inside = box(90, 120, 20, 30, 70, 90)
    photo[inside] = 255
    image = PreparedImage("x", photo, (lambda: labels_of(inside),))
    config = AugmentConfig(colour=0.0)
    rng = np.random.default_rng(seed)
    example = make_example(image, crop_px=96, codes=CODES, unnamed="thing", config=config, rng=rng)
    shown = example.pixels[..., 0].reshape(24, 4, 24, 4).mean(axis=(1, 3)) > 127
    drawn = example.target.masks[0].numpy() > 127
    assert (shown & drawn).sum() / (shown | drawn).sum() > 0.9


def test_masks_emptied_by_the_crop_are_dropped_with_their_labels():
    left, right = box(64, 128, 8, 8, 56, 56), box(64, 128, 8, 72, 56, 120)
    window = Window(top=0, left=0, height=64, width=64, out_height=64, out_width=64, mirrored=False)
    target = target_in(labels_of(left, right), window)
    assert target.masks.shape == (1, 16, 16)
    assert target.labels.shape == (1,)
    assert target.points.shape == (1, 2)


def test_a_mask_of_which_the_crop_shows_a_sliver_is_dropped():
    wide = box(64, 128, 8, 60, 56, 120)
    window = Window(top=0, left=0, height=64, width=64, out_height=64, out_width=64, mirrored=False)
    assert len(target_in(labels_of(wide), window).labels) == 0


def test_padding_and_ignored_pixels_are_not_valid():
    window = Window(top=0, left=0, height=32, width=64, out_height=32, out_width=64, mirrored=False)
    target = target_in(labels_of(ignored=box(32, 64, 0, 0, 6, 64)), window)
    expected = np.zeros((16, 16), dtype=bool)
    expected[2:8] = True
    np.testing.assert_array_equal(target.validity, expected)
    assert target.real_size == (8, 16)


@pytest.mark.parametrize("column", range(20, 44))
@pytest.mark.parametrize("shrink", [1, 2, 3])
def test_void_a_pixel_wide_is_not_sampled_away(column, shrink):
    side = 192
    window = Window(0, 0, side, side, side // shrink, side // shrink, mirrored=False)
    validity = target_in(labels_of(ignored=box(side, side, 0, column, side, column + 1)), window, side).validity
    assert not validity[:, column // (4 * shrink)].any()


def test_equal_seeds_make_equal_examples():
    photo = np.random.default_rng(5).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    image = PreparedImage("x", photo, (lambda: labels_of(box(60, 80, 5, 5, 50, 60)),))

    def draw(seed):
        rng = np.random.default_rng(seed)
        return make_example(image, crop_px=64, codes=CODES, unnamed="thing", config=AugmentConfig(), rng=rng)

    np.testing.assert_array_equal(draw(1).pixels, draw(1).pixels)
    assert not np.array_equal(draw(1).pixels, draw(2).pixels)


@pytest.mark.parametrize("size", [(1, 1), (3, 500), (500, 3), (7, 11)])
def test_odd_photos_have_a_window(size):
    rng = np.random.default_rng(0)
    for _ in range(50):
        window = draw_window(*size, 64, AugmentConfig(), rng)
        assert window.top + window.height <= size[0]
        assert window.left + window.width <= size[1]
        assert window.out_height % 4 == 0 < window.out_height <= 64
        assert window.out_width % 4 == 0 < window.out_width <= 64


def test_the_point_of_a_ring_is_on_the_ring():
    ring = box(16, 16, 2, 2, 14, 14) & ~box(16, 16, 4, 4, 12, 12)
    x, y = inner_point(ring.astype(np.uint8) * 255)
    assert ring[int(y), int(x)]


def test_unknown_names_become_what_the_set_says():
    assert CODES.code("cat", "region") == 0
    assert CODES.code("gizmo", "thing") == CODES.any_thing
    assert CODES.code("gizmo", "region") == 2
    assert CODES.code(None, "any") == CODES.anything
    allowed = CODES.allowed.tolist()
    assert allowed[CODES.any_thing] == [True, False, True, False]  # the made label set's even places are things
    assert allowed[CODES.anything] == [True, True, True, False]
    assert allowed[CODES.no_object] == [False, False, False, True]
    assert torch.equal(CODES.allowed[:3], torch.eye(3, 4, dtype=torch.bool))


@pytest.mark.parametrize(
    "values", [{"scale": (1.7, 0.75)}, {"scale": (0.0, 1.0)}, {"flip": 1.5}, {"colour": 1.0}, {"pasted": 0}]
)
def test_an_impossible_augmentation_is_refused(values):
    with pytest.raises(TrainingError):
        AugmentConfig(**values)
