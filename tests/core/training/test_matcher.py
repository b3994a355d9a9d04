from itertools import permutations

import numpy as np
import pytest
import torch

from core.annotation.errors import TrainingError
from core.maskformer.output import MaskFormerOutput
from core.training.labels import LabelCodes
from core.training.masks import dice_cost, dice_loss, pixel_cost, pixel_loss
from core.training.matcher import Matcher
from tests.core.maskformer.small_models import labels as label_set
from tests.core.training.made_sets import made_target

ALLOWED = LabelCodes(label_set("cat", "dog", "region")).allowed


def made_output(queries, side=8, *, seed=0, classes=4):
    generator = torch.Generator().manual_seed(seed)
    return MaskFormerOutput(
        class_logits=torch.randn(1, queries, classes, generator=generator),
        mask_embeddings=torch.randn(1, queries, 6, generator=generator),
        mask_features=torch.randn(1, 6, side, side, generator=generator),
    )


def random_masks(count, side=8, seed=0):
    masks = np.random.default_rng(seed).random((count, side, side)) < 0.4
    masks[:, 0, 0] = True
    return masks


@pytest.mark.parametrize("kind", ["bce", "focal"])
@pytest.mark.parametrize("pool", [1, 2])
@pytest.mark.parametrize("seed", range(5))
def test_no_other_assignment_is_cheaper(kind, pool, seed):
    output = made_output(5, seed=seed)
    target = made_target(random_masks(3, seed=seed), [0, 2, 4])
    matcher = Matcher(mask_loss=kind, pool=pool)
    (match,) = matcher.match(output, (target,), ALLOWED)
    logits = torch.nn.functional.avg_pool2d(output.mask_logits, pool)[0].flatten(1)
    masks = torch.nn.functional.avg_pool2d(target.coverage()[:, None], pool)[:, 0].flatten(1)
    cost = matcher.cost(logits, output.class_logits[0], masks, torch.ones(masks.shape[1]), ALLOWED[target.labels])
    least = min(sum(cost[q, t] for t, q in enumerate(order)) for order in permutations(range(5), 3))
    assert cost[match.queries, match.targets].sum() == pytest.approx(float(least), abs=1e-5)


@pytest.mark.parametrize("kind", ["bce", "focal"])
def test_the_costs_are_the_losses_of_every_pair(kind):
    generator = torch.Generator().manual_seed(0)
    logits, valid = torch.randn(4, 50, generator=generator), (torch.rand(50, generator=generator) < 0.7).float()
    masks = torch.rand(3, 50, generator=generator) * valid
    rows, columns = (index.flatten() for index in torch.meshgrid(torch.arange(4), torch.arange(3), indexing="ij"))
    pairs = logits[rows], masks[columns], valid.expand(12, -1)
    torch.testing.assert_close(pixel_cost(logits, masks, valid, kind).flatten(), pixel_loss(*pairs, kind))
    torch.testing.assert_close(dice_cost(logits, masks, valid).flatten(), dice_loss(*pairs))


def test_targets_beyond_the_queries_are_counted():
    output = made_output(3)
    (match,) = Matcher().match(output, (made_target(random_masks(7), [0] * 7),), ALLOWED)
    assert match.left_out == 4
    assert sorted(match.queries.tolist()) == [0, 1, 2]
    assert len(set(match.targets.tolist())) == 3


def test_an_image_without_targets_has_no_pairs():
    (match,) = Matcher().match(made_output(3), (made_target(random_masks(0), []),), ALLOWED)
    assert (len(match.queries), match.left_out) == (0, 0)


def test_odd_sizes_are_pooled_to_their_edges():
    output = made_output(2, side=5)
    mask = np.zeros((1, 5, 5), dtype=bool)
    mask[0, 4, 4] = True
    (match,) = Matcher(class_weight=0.0, pool=2).match(output, (made_target(mask, [0]),), ALLOWED)
    corner = output.mask_logits[0, :, 4, 4]
    assert len(match.queries) == 1
    assert torch.isfinite(corner).all()


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("place", ["class_logits", "mask_embeddings"])
def test_output_that_is_not_finite_is_an_error_with_the_image_named(bad, place):
    output = made_output(3)
    getattr(output, place)[0, 1, 0] = bad
    with pytest.raises(TrainingError, match="made is not finite"):
        Matcher().match(output, (made_target(random_masks(2), [0, 1]),), ALLOWED)
