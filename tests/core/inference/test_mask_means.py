import pytest
import torch
from hypothesis import given, settings

from core.annotation.mask import Mask
from core.inference.axis import Axis
from core.inference.mask_means import upsampled_with_means
from tests.core.inference.plain_views import KINDS, dense, raw_outputs


def check(logits, size, cut, tolerance):
    rows, columns = Axis.of(logits.shape[1], size[0]), Axis.of(logits.shape[2], size[1])
    wide = dense(logits, *size)
    inside = wide > 0
    sums = ((wide.double() + cut).sigmoid() * inside).sum((1, 2))
    means = (sums / inside.sum((1, 2)).clamp(min=1)).tolist()
    found = upsampled_with_means(logits, rows, columns, cut=cut)
    assert [mask for mask, _ in found] == [Mask.from_array(mask) for mask in inside.numpy()]
    assert [mean for _, mean in found] == pytest.approx(means, abs=tolerance)


@settings(max_examples=300, deadline=None)
@given(raw_outputs())
def test_means_are_those_over_all_pixels(raw):
    _, logits, size = raw
    check(logits, size, 0.4, 1e-4)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cut", [0.0, -2.0])
def test_means_of_larger_masks_are_finer(kind, cut):
    check(kind(torch.Generator().manual_seed(0), (10, 33, 41)), (403, 511), cut, 2e-5)
