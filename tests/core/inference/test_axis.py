import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from core.inference.axis import Axis, spread
from tests.core.inference.plain_views import dense

sides = st.integers(1, 12)
maps = npst.arrays(np.float32, st.tuples(sides, sides), elements=st.floats(-100, 100, width=32))


@given(maps, st.integers(1, 70), st.integers(1, 70))
def test_all_pixels_are_those_of_torch(logits, height, width):
    given_maps = torch.from_numpy(logits)[None]
    theirs = torch.nn.functional.interpolate(
        given_maps[None], size=(height, width), mode="bilinear", align_corners=False
    )
    np.testing.assert_allclose(dense(given_maps, height, width)[0], theirs[0, 0], atol=2e-3)


@given(st.integers(1, 30), st.integers(1, 99))
def test_every_pixel_is_in_the_gap_of_its_two_cells(cells, pixels):
    axis = Axis.of(cells, pixels)
    gap, pixel = spread(axis.starts, axis.counts)
    assert pixel.tolist() == list(range(pixels))
    assert torch.equal(axis.low, gap)
    assert torch.equal(axis.high, (gap + 1).clamp(max=cells - 1))
    assert axis.most == axis.counts.max()
    assert ((axis.weight >= 0) & (axis.weight <= 1)).all()


@pytest.mark.parametrize("counts", [[], [0], [3, 0, 2]])
def test_ranges_follow_each_other(counts):
    starts = torch.tensor([10, 20, 30][: len(counts)], dtype=torch.int64)
    owner, value = spread(starts, torch.tensor(counts, dtype=torch.int64))
    expected = [(number, 10 * (number + 1) + i) for number, count in enumerate(counts) for i in range(count)]
    assert list(zip(owner.tolist(), value.tolist(), strict=True)) == expected
