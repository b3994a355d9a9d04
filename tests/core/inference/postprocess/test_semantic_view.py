import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.inference.postprocess import semantic
from core.maskformer.output import MaskFormerOutput
from tests.core.inference.plain_views import KINDS, TIE, label_set, raw_outputs, semantic_sums


def view(class_logits, mask_logits, size, **options):
    output = MaskFormerOutput(class_logits[None], mask_logits[None])
    (found,) = semantic(output, [size], label_set(class_logits.shape[1] - 1, 0), **options)
    assert found.dtype == np.int32
    assert found.shape == tuple(size)
    return found


def check(found, sums, threshold=None):
    """Each pixel has the largest sum, up to a tie; below the threshold it has none."""
    best = sums.amax(0)
    least = float("-inf") if threshold is None else threshold
    tie = TIE * best + 1e-12
    void = torch.from_numpy(found) == -1
    assert (best[void] < least + tie[void]).all()
    assert (best[~void] > least - tie[~void]).all()
    own = sums.gather(0, torch.from_numpy(found).clamp(min=0).long()[None])[0]
    assert ((best - own)[~void] <= tie[~void]).all()


@settings(max_examples=400, deadline=None)
@given(raw_outputs())
def test_every_pixel_is_the_plain_definitions(raw):
    class_logits, mask_logits, size = raw
    check(view(*raw), semantic_sums(class_logits, mask_logits, *size))


@settings(max_examples=150, deadline=None)
@given(raw_outputs(), st.floats(0, 1))
def test_pixels_without_the_asked_for_sum_are_minus_one(raw, threshold):
    class_logits, mask_logits, size = raw
    check(view(*raw, threshold=threshold), semantic_sums(class_logits, mask_logits, *size), threshold)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(203, 311), (20, 30), (37, 400)])
def test_many_queries_and_categories_at_a_larger_size(kind, size):
    random = torch.Generator().manual_seed(1)
    mask_logits = kind(random, (40, 33, 41))
    class_logits = 4 * torch.randn(40, 51, generator=random)
    check(view(class_logits, mask_logits, size), semantic_sums(class_logits, mask_logits, *size))


def test_a_category_that_is_far_behind_at_every_cell_wins_between_them():
    corners = (16 * torch.eye(4) - 8).view(4, 2, 2)
    mask_logits = torch.cat((corners, torch.full((1, 2, 2), -0.9)))
    class_logits = torch.full((5, 6), -30.0)
    class_logits[:, :-1].fill_diagonal_(30.0)
    sums = semantic_sums(class_logits, mask_logits, 80, 80)
    assert (sums[4, [0, 0, -1, -1], [0, -1, 0, -1]] < 0.3).all()
    found = view(class_logits, mask_logits, (80, 80))
    assert found[40, 40] == 4
    check(found, sums)


def per_pixel_output(logits):
    classes = len(logits)
    class_logits = torch.full((classes, classes + 1), -100.0)
    class_logits[:, :-1].fill_diagonal_(0.0)
    return class_logits, logits


@pytest.mark.parametrize("scale", [1.0, 40.0])
def test_a_per_pixel_models_output_is_its_argmax_also_where_float32_sigmoids_are_all_one(scale):
    logits = scale * torch.randn(5, 9, 11, generator=torch.Generator().manual_seed(0)) + scale
    found = view(*per_pixel_output(logits), (70, 90))
    wide = torch.nn.functional.interpolate(logits[None].double(), size=(70, 90), mode="bilinear")[0]
    best = wide.topk(2, 0)
    sure = best.values[0] - best.values[1] > 1e-4 * scale
    assert sure.float().mean() > 0.99
    assert torch.equal(torch.from_numpy(found).long()[sure], best.indices[0][sure])


def test_a_per_pixel_models_threshold_is_of_its_sigmoid():
    logits = torch.tensor([[[-3.0, 3.0]], [[-2.0, -9.0]]])
    assert view(*per_pixel_output(logits), (1, 2), threshold=0.5).tolist() == [[-1, 0]]


def test_each_image_of_a_batch_has_its_own_size():
    class_logits, mask_logits = torch.randn(2, 6, 4), torch.randn(2, 6, 5, 7)
    output = MaskFormerOutput(class_logits, mask_logits)
    both = semantic(output, [(30, 20), (9, 50)], label_set(2, 1))
    for index, size in enumerate([(30, 20), (9, 50)]):
        assert np.array_equal(both[index], view(class_logits[index], mask_logits[index], size))


def test_padding_is_cut_off_before_the_masks_are_stretched():
    class_logits, mask_logits = torch.randn(1, 6, 4), torch.randn(1, 6, 5, 7)
    padded = torch.full((1, 6, 8, 8), 50.0)
    padded[..., :5, :7] = mask_logits
    alone = semantic(MaskFormerOutput(class_logits, mask_logits), [(40, 56)], label_set(3, 0))
    together = semantic(MaskFormerOutput(class_logits, padded), [(40, 56)], label_set(3, 0), input_sizes=[(20, 26)])
    assert np.array_equal(alone[0], together[0])
