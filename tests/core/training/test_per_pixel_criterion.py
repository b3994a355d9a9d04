import dataclasses

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from core.annotation.errors import TrainingError
from core.maskformer.output import MaskFormerOutput
from core.training.criterion import LossConfig
from core.training.labels import LabelCodes
from core.training.per_pixel_criterion import PerPixelCriterion, topmost
from tests.core.maskformer.small_models import labels as label_set
from tests.core.training.made_sets import made_target

# cat, rug and cup are things, grass and sky stuff.
CODES = LabelCodes(label_set("cat", "grass", "rug", "sky", "cup"))
UNKNOWN = 255


def made_output(*, batch=1, categories=5, size=(8, 8), seed=0, earlier=()):
    generator = torch.Generator().manual_seed(seed)
    masks = (2 * torch.randn(batch, categories, *size, generator=generator)).requires_grad_()
    return MaskFormerOutput(torch.zeros(batch, categories, categories + 1), masks, earlier)


def random_map(seed, size=(8, 8)):
    return np.random.default_rng(seed).choice([0, 1, 2, 3, 4, UNKNOWN], size)


def target_of(ids):
    """One mask a category of a map of categories, its unknown cells being invalid."""
    present = [number for number in np.unique(ids) if number != UNKNOWN]
    masks = np.stack([ids == number for number in present]) if present else np.zeros((0, *ids.shape), dtype=bool)
    return made_target(masks, [int(number) for number in present], validity=ids != UNKNOWN)


def loss_of(output, *targets, config=None):
    losses = PerPixelCriterion(config or LossConfig(), CODES.table)(output, targets)
    assert losses.left_out == 0
    return losses.terms["pixels"]


@pytest.mark.parametrize("size", [(8, 8), (32, 32), (29, 31)])
def test_it_is_the_mean_cross_entropy_of_the_cells_that_are_known(size):
    """The whole batch's mean; finer targets are compared with enlarged logits, as in the paper."""
    output, maps = made_output(batch=2), [random_map(0, size), random_map(1, size)]
    ids = torch.from_numpy(np.stack(maps))
    logits = F.interpolate(output.mask_logits, size, mode="bilinear", align_corners=False)
    expected = F.cross_entropy(logits, ids, ignore_index=UNKNOWN)
    torch.testing.assert_close(loss_of(output, *map(target_of, maps)), expected)


def test_cells_without_a_target_are_unknown_in_complete_images_too():
    masks = np.zeros((1, 8, 8), dtype=bool)
    masks[0, :4] = True
    output = made_output()
    loss = loss_of(output, made_target(masks, [3], complete=True))
    (gradient,) = torch.autograd.grad(loss, output.mask_logits)
    assert gradient[..., :4, :].all()
    assert not gradient[..., 4:, :].any()


def test_targets_in_ignored_cells_change_no_bit():
    target, output = target_of(random_map(0)), made_output()
    noise = torch.randint(0, 256, target.masks.shape, dtype=torch.uint8)
    changed = dataclasses.replace(target, masks=torch.where(target.validity, target.masks, noise))
    before, after = loss_of(output, target), loss_of(output, changed)
    gradients = [torch.autograd.grad(loss, output.mask_logits)[0] for loss in (before, after)]
    assert torch.equal(before, after)
    assert torch.equal(*gradients)
    assert not gradients[0][..., ~target.validity].any()


def test_a_cell_counts_as_far_as_it_is_covered():
    masks = torch.zeros(2, 8, 8, dtype=torch.uint8)
    masks[0, 0, 0], masks[1, 0, 0], masks[1, 0, 1] = 51, 204, 51
    target = dataclasses.replace(made_target(np.ones((2, 8, 8), dtype=bool), [0, 3]), masks=masks)
    output = made_output()
    nll = -output.mask_logits[0].log_softmax(0)
    expected = (0.2 * nll[0, 0, 0] + 0.8 * nll[3, 0, 0] + 0.2 * nll[3, 0, 1]) / 1.2
    torch.testing.assert_close(loss_of(output, target), expected)


def test_the_later_of_two_targets_lies_on_top():
    coverage = torch.tensor([[[1.0, 1.0, 0.5, 0.5]], [[1.0, 0.25, 0.5, 0.0]]])
    torch.testing.assert_close(topmost(coverage), torch.tensor([[[0.0, 0.75, 0.5, 0.5]], [[1.0, 0.25, 0.5, 0.0]]]))


def test_a_thing_of_unknown_name_learns_the_sum_over_things():
    output = made_output()
    loss = loss_of(output, made_target(np.ones((1, 8, 8), dtype=bool), [CODES.any_thing]))
    torch.testing.assert_close(loss, -output.mask_logits[0].softmax(0)[[0, 2, 4]].sum(0).log().mean())


def test_what_may_be_anything_hides_what_lies_below_and_teaches_nothing():
    masks = np.ones((2, 8, 8), dtype=bool)
    masks[1, 4:] = False
    output = made_output()
    loss = loss_of(output, made_target(masks, [1, CODES.anything]))
    torch.testing.assert_close(loss, -output.mask_logits[0].log_softmax(0)[1, 4:].mean())


@pytest.mark.parametrize("ids", [np.full((8, 8), UNKNOWN)])
def test_a_batch_of_which_nothing_is_known_costs_nothing(ids):
    output = made_output()
    loss = loss_of(output, target_of(ids))
    (gradient,) = torch.autograd.grad(loss, output.mask_logits)
    assert loss == 0
    assert not gradient.any()


def test_earlier_layers_count_as_configured():
    first, target = made_output(seed=1), target_of(random_map(0))
    both = made_output(earlier=[first])
    config = LossConfig(earlier_layers=0.5, pixels=3.0)
    expected = 3 * (loss_of(made_output(), target) + 0.5 * loss_of(first, target))
    torch.testing.assert_close(loss_of(both, target, config=config), expected)
    alone = LossConfig(earlier_layers=0.0)
    torch.testing.assert_close(loss_of(both, target, config=alone), loss_of(made_output(), target))


def test_masks_that_are_not_one_a_category_are_refused():
    with pytest.raises(TrainingError, match="N = 4 queries and K = 5 categories"):
        loss_of(made_output(categories=4), target_of(random_map(0)))
