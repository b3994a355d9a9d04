import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from core.annotation.mask import Mask
from core.inference.mask_runs import Axis, upsampled_mask

sides = st.integers(1, 12)
# Whole numbers and zeros make ties and values that are exactly 0; floats of any size test the rounding.
# Below 1e-20 a product with a weight may round to nothing, which no network's logits come near.
values = st.one_of(
    st.integers(-2, 2).map(float),
    st.floats(-(2.0**100), 2.0**100, width=32).filter(lambda value: abs(value) > 1e-20),
    st.floats(-1, 1, width=32).filter(lambda value: abs(value) > 1e-20),
)
maps = npst.arrays(np.float32, st.tuples(sides, sides), elements=values)


def dense(logits: np.ndarray, height: int, width: int) -> np.ndarray:
    """Every pixel interpolated, with the arithmetic of `Axis`: the definition."""
    rows, columns = Axis.of(logits.shape[0], height), Axis.of(logits.shape[1], width)
    lines = columns.mix(logits[:, columns.low], logits[:, columns.high], columns.weight)
    return rows.mix(lines[rows.low], lines[rows.high], rows.weight[:, None])


def pruned(logits: np.ndarray, height: int, width: int) -> Mask:
    return upsampled_mask(logits, Axis.of(logits.shape[0], height), Axis.of(logits.shape[1], width))


@given(maps, st.integers(1, 70), st.integers(1, 70))
def test_the_outline_alone_gives_exactly_the_mask_of_all_pixels(logits, height, width):
    assert pruned(logits, height, width) == Mask.from_array(dense(logits, height, width) > 0)


@given(maps, st.integers(1, 70), st.integers(1, 70))
def test_all_pixels_are_those_of_torch(logits, height, width):
    logits = logits.clip(-100, 100)
    theirs = torch.nn.functional.interpolate(
        torch.from_numpy(logits)[None, None], size=(height, width), mode="bilinear", align_corners=False
    )
    np.testing.assert_allclose(dense(logits, height, width), theirs[0, 0].numpy(), atol=2e-3)


@pytest.mark.parametrize("size", [(480, 640), (333, 500), (3000, 40), (7, 5)])
def test_a_real_sized_map_at_real_sizes(size):
    random = np.random.default_rng(0)
    coarse = random.standard_normal((9, 12)).astype(np.float32)
    logits = torch.nn.functional.interpolate(torch.from_numpy(coarse)[None, None], size=(60, 80), mode="bicubic")
    smooth = logits[0, 0].numpy()
    assert pruned(smooth, *size) == Mask.from_array(dense(smooth, *size) > 0)


@pytest.mark.parametrize("value", [-1.0, 0.0, float("nan")])
def test_nothing_above_zero_is_an_empty_mask(value):
    mask = pruned(np.full((3, 4), value, dtype=np.float32), 20, 30)
    assert mask == Mask.empty(20, 30)


def test_everything_above_zero_is_the_whole_photo():
    mask = pruned(np.ones((3, 4), dtype=np.float32), 20, 30)
    assert mask.area == 600
    assert mask == Mask.from_array(np.ones((20, 30), dtype=bool))
