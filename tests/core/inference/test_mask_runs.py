import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from core.annotation.mask import Mask
from core.inference.axis import Axis
from core.inference.mask_runs import TOGETHER, upsampled_masks
from tests.core.inference.plain_views import dense

# Whole numbers and zeros make ties and values that are exactly 0; floats of any size test the rounding.
# Below 1e-20 a product with a weight may round to nothing, which no network's logits come near.
values = st.one_of(
    st.integers(-2, 2).map(float),
    st.floats(-(2.0**100), 2.0**100, width=32).filter(lambda value: abs(value) > 1e-20),
    st.floats(-1, 1, width=32).filter(lambda value: abs(value) > 1e-20),
)
sides = st.integers(1, 12)
maps = npst.arrays(np.float32, st.tuples(st.integers(1, 3), sides, sides), elements=values).map(torch.from_numpy)


def plain(logits: torch.Tensor, height: int, width: int) -> list[Mask]:
    return [Mask.from_array(mask) for mask in (dense(logits, height, width) > 0).numpy()]


def pruned(logits: torch.Tensor, height: int, width: int) -> list[Mask]:
    return upsampled_masks(logits, Axis.of(logits.shape[1], height), Axis.of(logits.shape[2], width))


@given(maps, st.integers(1, 70), st.integers(1, 70))
def test_the_outline_alone_gives_exactly_the_mask_of_all_pixels(logits, height, width):
    assert pruned(logits, height, width) == plain(logits, height, width)


@pytest.mark.parametrize("size", [(480, 640), (333, 500), (3000, 40), (7, 5)])
def test_a_real_sized_map_at_real_sizes(size):
    coarse = torch.randn(1, 3, 9, 12, generator=torch.Generator().manual_seed(0))
    smooth = torch.nn.functional.interpolate(coarse, size=(60, 80), mode="bicubic")[0]
    assert pruned(smooth, *size) == plain(smooth, *size)


def test_maps_beyond_one_group_keep_their_order():
    logits = torch.randn(2 * TOGETHER + 3, 6, 7, generator=torch.Generator().manual_seed(0))
    assert pruned(logits, 20, 30) == plain(logits, 20, 30)
    assert pruned(logits[:0], 20, 30) == []


@pytest.mark.parametrize("value", [-1.0, 0.0])
def test_nothing_above_zero_is_an_empty_mask(value):
    assert pruned(torch.full((1, 3, 4), value), 20, 30) == [Mask.empty(20, 30)]


def test_everything_above_zero_is_the_whole_photo():
    (mask,) = pruned(torch.ones(1, 3, 4), 20, 30)
    assert mask == Mask.from_array(np.ones((20, 30), dtype=bool))
