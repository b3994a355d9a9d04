import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.annotation.errors import ModelError
from core.maskformer.preprocessing import Preprocessing


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_input_sides_are_multiples_of_four_and_keep_the_shape(height, width):
    rows, columns = Preprocessing(long_side_px=320).input_size(height, width)
    assert rows % 4 == columns % 4 == 0
    assert max(rows, columns) == 320
    assert abs(rows - 320 * height / max(height, width)) <= 4
    assert abs(columns - 320 * width / max(height, width)) <= 4


def test_resizing_averages_areas_and_leaves_the_right_size_alone():
    image = np.zeros((64, 128, 3), dtype=np.uint8)
    image[:, ::2] = 200
    assert (Preprocessing(long_side_px=64).resize(image) == 100).all()
    assert Preprocessing(long_side_px=128).resize(image) is image
    assert Preprocessing(long_side_px=320).resize(image[::-1, ::-1]).shape == (160, 320, 3)


def test_normalising_keeps_the_channels_apart():
    image = np.array([[[10, 20, 30], [40, 50, 60]]], dtype=np.uint8)
    pixels = Preprocessing(mean=(10, 20, 30), std=(1, 2, 3)).normalise(image)
    assert pixels.dtype == torch.float32
    assert pixels.tolist() == [[[0, 30]], [[0, 15]], [[0, 10]]]


@pytest.mark.parametrize(
    "change",
    [{"std": (1, 0, 1)}, {"mean": (1, 2)}, {"mean": (1, 2, float("inf"))}, {"long_side_px": 30}, {"long_side_px": 321}],
)
def test_what_cannot_be_done_is_refused(change):
    with pytest.raises(ModelError):
        Preprocessing(**change)
