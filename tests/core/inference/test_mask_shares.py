import cv2
import numpy as np
import pytest

from core.annotation.mask import Mask
from core.inference.mask_shares import mask_shares


def random_mask(height, width, seed=0):
    rng = np.random.default_rng(seed)
    inside = cv2.resize(rng.random((5, 6)), (width, height)) > 0.55
    inside[height // 3, width // 2] = True
    return inside


@pytest.mark.parametrize(("size", "input_size"), [((96, 128), (32, 32)), ((60, 45), (20, 12)), ((30, 20), (30, 20))])
def test_whole_cells_are_plain_block_means(size, input_size):
    inside = random_mask(*size)
    rows, columns = (side // 4 for side in input_size)
    inside = inside[: rows * (size[0] // rows), : columns * (size[1] // columns)]
    shares = mask_shares(Mask.from_array(inside), (rows * 4, columns * 4), 4)
    expected = inside.reshape(rows, -1, columns, inside.shape[1] // columns).mean((1, 3))
    np.testing.assert_allclose(shares, expected, atol=1e-5)


@pytest.mark.parametrize(("size", "input_size"), [((97, 131), (64, 88)), ((40, 30), (128, 96)), ((7, 900), (4, 320))])
def test_equals_the_means_of_a_far_finer_grid(size, input_size):
    inside = random_mask(*size)
    fine = 40
    rows, columns = (-(-side // 4) for side in input_size)
    picks = [
        ((np.arange(cells * fine) + 0.5) * side / (cells * fine)).astype(int)
        for cells, side in zip((rows, columns), size, strict=True)
    ]
    expected = inside[np.ix_(*picks)].reshape(rows, fine, columns, fine).mean((1, 3))
    shares = mask_shares(Mask.from_array(inside), input_size, 4)
    assert shares.shape == (rows, columns)
    assert shares.dtype == np.float32
    np.testing.assert_allclose(shares, expected, atol=0.06)


@pytest.mark.parametrize("stride", [4, 8, 32])
@pytest.mark.parametrize("place", [(0, 0), (1999, 2999), (777, 1234)])
def test_a_single_pixel_keeps_its_area(place, stride):
    inside = np.zeros((2000, 3000), dtype=bool)
    inside[place] = True
    shares = mask_shares(Mask.from_array(inside), (214, 322), stride)
    cell_px = [np.minimum(stride, side - np.arange(0, side, stride)) for side in (214, 322)]
    areas = shares * np.outer(*cell_px) * (2000 / 214) * (3000 / 322)
    assert areas.sum() == pytest.approx(1, rel=1e-3)


def test_the_whole_photo_fills_every_cell_a_last_one_too():
    shares = mask_shares(Mask.from_array(np.ones((33, 50), dtype=bool)), (30, 45), 4)
    np.testing.assert_allclose(shares, np.ones((8, 12)), atol=1e-5)
