import pytest
import torch

from core.maskformer.heads.mask_classifier import MaskClassifier, mean_inside
from tests.core.maskformer.heads.made_pixels import WIDTH, made_pixels


def classifier(categories: int = 3) -> MaskClassifier:
    torch.manual_seed(0)
    return MaskClassifier(level_channels=WIDTH, categories=categories)


@pytest.mark.parametrize(("pool", "size"), [(1, (5, 7)), (2, (9, 13)), (8, (33, 50))])
def test_the_mean_inside_is_that_of_the_features_spread_over_the_masks_cells(pool, size):
    torch.manual_seed(0)
    features = torch.randn(6, *(-(-side // pool) for side in size))
    masks = torch.rand(4, *size)
    spread = features.repeat_interleave(pool, 1).repeat_interleave(pool, 2)[:, : size[0], : size[1]]
    expected = torch.einsum("thw,chw->tc", masks, spread) / masks.sum((1, 2))[:, None]
    torch.testing.assert_close(mean_inside(features, masks, pool), expected, atol=1e-5, rtol=1e-4)


def test_a_single_cell_of_a_coarse_level_is_not_lost():
    features = torch.arange(8.0).view(2, 2, 2)
    mask = torch.zeros(1, 16, 16)
    mask[0, 9, 3] = 0.01
    torch.testing.assert_close(mean_inside(features, mask, 8), features[None, :, 1, 0])


def test_an_empty_mask_and_no_mask_give_finite_answers():
    levels = made_pixels(64, 64).levels
    logits = classifier()(levels, [torch.zeros(1, 16, 16), torch.zeros(0, 16, 16)])
    assert logits.shape == (1, 3)
    assert logits.isfinite().all()
    assert classifier()(levels, [torch.zeros(0, 16, 16)] * 2).shape == (0, 3)


def test_each_photos_masks_see_its_own_features_in_order():
    made, levels = classifier(), made_pixels(64, 96).levels
    masks = [torch.rand(count, 16, 24) for count in (2, 3)]
    both = made(levels, masks)
    for place, rows in enumerate((slice(0, 2), slice(2, 5))):
        alone = made([level[place : place + 1] for level in levels], [masks[place]])
        torch.testing.assert_close(both[rows], alone, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("stride", [1, 2, 4])
def test_the_masks_grid_does_not_matter(stride):
    made, levels = classifier(), made_pixels(64, 96).levels
    coarse = [torch.rand(2, 8, 12), torch.rand(1, 8, 12)]
    fine = [part.repeat_interleave(8 // stride, 1).repeat_interleave(8 // stride, 2) for part in coarse]
    torch.testing.assert_close(made(levels, fine, stride=stride), made(levels, coarse, stride=8), atol=1e-5, rtol=1e-4)


def test_autocast_does_not_blur_the_means():
    features, masks = torch.randn(6, 9, 9), torch.rand(3, 9, 9)
    exact = mean_inside(features, masks, 1)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(mean_inside(features, masks, 1), exact)
        assert classifier()(made_pixels(64, 64).levels, [torch.ones(1, 16, 16)] * 2).dtype == torch.float32


def test_bfloat16_weights_answer_nearly_alike():
    made, levels, masks = classifier(), made_pixels(64, 96).levels, [torch.rand(2, 16, 24)] * 2
    exact = made(levels, masks)
    rough = made.to(torch.bfloat16)([level.to(torch.bfloat16) for level in levels], masks)
    assert rough.dtype == torch.float32
    torch.testing.assert_close(rough, exact, atol=0.03, rtol=0.03)
