from itertools import permutations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from core.annotation.errors import TrainingError
from core.maskformer.output import MaskFormerOutput
from core.training import box_matching, matcher
from core.training.box_matching import BoxMatching
from core.training.labels import LabelCodes
from core.training.masks import dice_cost, dice_loss, pixel_cost, pixel_loss
from core.training.matcher import MaskMatching
from core.training.truth import ImageTruth, compared_cells
from tests.core.maskformer.small_models import labels as label_set
from tests.core.training.made_sets import made_target

TABLE = LabelCodes(label_set("cat", "dog", "region")).table


def made_output(queries, side=8, *, seed=0, classes=4, batch=1):
    generator = torch.Generator().manual_seed(seed)
    return MaskFormerOutput(
        torch.randn(batch, queries, classes, generator=generator),
        torch.randn(batch, queries, side, side, generator=generator) * 2,
    )


def random_masks(count, side=8, seed=0):
    masks = np.random.default_rng(seed).random((count, side, side)) < 0.4
    masks[:, 0, 0] = True
    return masks


def match(output, *targets, matching=None):
    """The matches of each image in one layer."""
    truths = [ImageTruth.of(target) for target in targets]
    return (matching or MaskMatching())([output], truths, TABLE).matches[0]


@pytest.mark.parametrize("kind", ["bce", "focal"])
@pytest.mark.parametrize("pool", [1, 2])
@pytest.mark.parametrize("seed", range(5))
def test_no_other_assignment_is_cheaper(kind, pool, seed):
    output = made_output(5, seed=seed)
    target = made_target(random_masks(3, seed=seed), [0, 2, 4])
    matching = MaskMatching(mask_loss=kind, pool=pool)
    (found,) = match(output, target, matching=matching)
    logits = F.avg_pool2d(output.mask_logits, pool)[0].flatten(1)
    masks = F.avg_pool2d(target.coverage()[:, None], pool)[:, 0].flatten(1)
    allowed = TABLE.allowed[target.labels]
    cost = matching.cost(logits, output.class_logits[0], masks, torch.ones(masks.shape[1]), allowed)
    least = min(sum(cost[q, t] for t, q in enumerate(order)) for order in permutations(range(5), 3))
    assert cost[found.queries, found.targets].sum() == pytest.approx(float(least), abs=1e-5)


@pytest.mark.parametrize("kind", ["bce", "focal"])
def test_the_costs_are_the_losses_of_every_pair(kind):
    generator = torch.Generator().manual_seed(0)
    logits, valid = torch.randn(4, 50, generator=generator), (torch.rand(50, generator=generator) < 0.7).float()
    masks = torch.rand(3, 50, generator=generator) * valid
    rows, columns = (index.flatten() for index in torch.meshgrid(torch.arange(4), torch.arange(3), indexing="ij"))
    pairs = logits[rows], masks[columns], valid
    torch.testing.assert_close(pixel_cost(logits, masks, valid, kind).flatten(), pixel_loss(*pairs, kind))
    torch.testing.assert_close(dice_cost(logits, masks, valid).flatten(), dice_loss(*pairs))


def test_targets_beyond_the_queries_are_counted():
    (found,) = match(made_output(3), made_target(random_masks(7), [0] * 7))
    assert sorted(found.queries.tolist()) == [0, 1, 2]
    assert sorted([*found.targets.tolist(), *found.left_out.tolist()]) == list(range(7))
    assert len(found.left_out) == 4


def test_an_image_without_targets_has_no_pairs():
    (found,) = match(made_output(3), made_target(random_masks(0), []))
    assert (len(found.queries), len(found.left_out)) == (0, 0)


def test_a_target_that_lies_in_ignored_cells_alone_takes_no_query():
    validity = np.ones((8, 8), dtype=bool)
    validity[:, 4:] = False
    masks = random_masks(2)
    masks[0, :, :4] = False
    (found,) = match(made_output(3), made_target(masks, [0, 1], validity=validity))
    assert (found.targets.tolist(), found.left_out.tolist()) == ([1], [])


def test_odd_sizes_are_pooled_to_their_edges():
    """The one target is a corner that no other cell is pooled with; the query that has it is chosen."""
    logits = torch.full((1, 2, 5, 5), -4.0)
    logits[0, 1, 4, 4] = 4.0
    mask = np.zeros((1, 5, 5), dtype=bool)
    mask[0, 4, 4] = True
    (found,) = match(MaskFormerOutput(torch.zeros(1, 2, 4), logits), made_target(mask, [0]))
    assert found.queries.tolist() == [1]


@pytest.mark.parametrize("pool", [1, 2, 4])
def test_logits_in_ignored_cells_change_no_match(pool):
    """Pooled with valid ones, they would weigh in the cost."""
    validity = np.ones((8, 8), dtype=bool)
    validity[:, 5:] = False
    output = made_output(6)
    changed = output.mask_logits.clone()
    changed[..., 5:] += 50 * torch.randn(changed[..., 5:].shape, generator=torch.Generator().manual_seed(1))
    target = made_target(random_masks(4), [0, 1, 2, 0], validity=validity)
    matching = MaskMatching(pool=pool)
    (before,) = match(output, target, matching=matching)
    (after,) = match(MaskFormerOutput(output.class_logits, changed), target, matching=matching)
    assert torch.equal(before.queries, after.queries)
    assert torch.equal(before.targets, after.targets)


def test_truth_on_a_finer_grid_is_reduced_to_the_nearest_cells_validity_alike():
    generator = np.random.default_rng(0)
    masks, validity = generator.random((3, 29, 30)) < 0.5, generator.random((29, 30)) < 0.7
    truth = ImageTruth.of(made_target(masks, [0, 1, 2], validity=validity))
    compared = compared_cells([truth], (8, 8), 1)
    coverage, valid = compared.targets[0], compared.validity[0]

    def reduced(maps):
        return F.interpolate(torch.from_numpy(maps)[None].float(), (8, 8), mode="nearest")[0]

    torch.testing.assert_close(valid, reduced(validity[None])[0].flatten(), rtol=0, atol=0)
    torch.testing.assert_close(coverage, reduced(masks & validity).flatten(1), rtol=0, atol=0)


def test_an_images_matches_do_not_depend_on_its_neighbours():
    output = made_output(6, batch=3)
    targets = [made_target(random_masks(count, seed=count), [0] * count) for count in (6, 0, 2)]
    together = match(output, *targets)
    for place, target in enumerate(targets):
        (alone,) = match(MaskFormerOutput(output.class_logits[place][None], output.mask_logits[place][None]), target)
        assert torch.equal(alone.queries, together[place].queries)
        assert torch.equal(alone.targets, together[place].targets)


def test_each_layer_has_its_own_matches():
    layers = [made_output(6, seed=seed) for seed in (1, 2)]
    target = made_target(random_masks(4), [0, 1, 2, 0])
    both = MaskMatching()(layers, [ImageTruth.of(target)], TABLE).matches
    for layer, (found,) in zip(layers, both, strict=True):
        (alone,) = match(layer, target)
        assert torch.equal(found.queries, alone.queries)
        assert torch.equal(found.targets, alone.targets)


def test_the_costs_of_all_layers_and_images_reach_the_host_in_one_copy(monkeypatch):
    """On a GPU each copy waits for all that was asked of it before."""
    copies = []
    monkeypatch.setattr(torch.Tensor, "cpu", lambda tensor: copies.append(tensor) or tensor)
    for other in ("item", "tolist", "__bool__", "__float__", "__int__"):
        monkeypatch.setattr(torch.Tensor, other, lambda *_: pytest.fail("reads a value of the device"))
    layers = [made_output(6, seed=seed, batch=2) for seed in (1, 2, 3)]
    truths = [ImageTruth.of(made_target(random_masks(count), [0] * count)) for count in (2, 4)]
    MaskMatching()(layers, truths, TABLE)
    assert [len(copied) for copied in copies] == [3 * 6 * (2 + 4) + 2 + 4]


@pytest.mark.parametrize("module", [matcher, box_matching])
def test_autocast_changes_no_bit_of_the_costs(monkeypatch, module):
    matching = MaskMatching() if module is matcher else BoxMatching()
    monkeypatch.setattr(module, "assign", lambda costs, truths: costs)
    plain = made_output(6)
    output = MaskFormerOutput(plain.class_logits, plain.mask_logits, boxes=torch.rand(1, 6, 4))
    truths = [ImageTruth.of(made_target(random_masks(4), [0, 1, 2, 0]))]
    (outside,) = matching([output], truths, TABLE)
    with torch.autocast("cpu", torch.bfloat16):
        (inside,) = matching([output], truths, TABLE)
    assert torch.equal(outside, inside)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("place", ["class_logits", "mask_logits"])
def test_output_that_is_not_finite_is_an_error_with_the_image_named(bad, place):
    output = made_output(3)
    getattr(output, place)[0, 1, 0] = bad
    with pytest.raises(TrainingError, match="made is not finite"):
        match(output, made_target(random_masks(2), [0, 1]))
