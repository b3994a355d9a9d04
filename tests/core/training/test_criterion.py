import dataclasses

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from transformers.models.maskformer.modeling_maskformer import MaskFormerHungarianMatcher, MaskFormerLoss

from core.annotation.errors import TrainingError
from core.maskformer.output import MaskFormerOutput
from core.training.criterion import Criterion, LossConfig
from core.training.labels import LabelCodes, log_probability
from core.training.masks import mask_iou, pixel_loss
from core.training.points_loss import heat_map, point_loss
from core.training.target import Target
from tests.core.maskformer.small_models import labels as label_set
from tests.core.training.made_sets import made_target

CODES = LabelCodes(label_set("cat", "dog", "region"))
PAPER = LossConfig(classes=1.0, masks=20.0, dice=1.0, mask_loss="focal", no_object_partial=0.1, matching_pool=1)


def layer(seed, *, batch=2, queries=6, side=16):
    generator = torch.Generator().manual_seed(seed)

    def random(*shape):
        return torch.randn(*shape, generator=generator).requires_grad_()

    return MaskFormerOutput(random(batch, queries, 4), random(batch, queries, 5), random(batch, 5, side, side))


def random_target(seed, count, *, side=16, validity=None, complete=False):
    masks = np.random.default_rng(seed).random((count, side, side)) < 0.4
    masks[:, seed % side, :4] = True
    return made_target(masks, [number % 3 for number in range(count)], validity=validity, complete=complete)


@pytest.mark.parametrize("counts", [(3, 4), (6, 1), (0, 2)])
def test_the_papers_loss_equals_transformers_term_by_term(counts):
    first, last = layer(1), layer(2)
    output = dataclasses.replace(last, auxiliary=(first,))
    targets = tuple(random_target(seed, count) for seed, count in enumerate(counts))
    ours = Criterion(PAPER, CODES.allowed)(output, targets)
    theirs = MaskFormerLoss(
        3, MaskFormerHungarianMatcher(cost_class=1.0, cost_mask=20.0, cost_dice=1.0), weight_dict={}, eos_coef=0.1
    )
    masks, labels = [target.coverage() for target in targets], [target.labels for target in targets]
    terms = [theirs(part.mask_logits, part.class_logits, masks, labels) for part in (first, last)]
    for mine, name, weight in (
        (ours.classes, "loss_cross_entropy", 1.0),
        (ours.masks, "loss_mask", 20.0),
        (ours.dice, "loss_dice", 1.0),
    ):
        theirs_summed = weight * sum(float(term[name].detach()) for term in terms)
        assert float(mine.detach()) == pytest.approx(theirs_summed, abs=1e-5, rel=1e-5)
    torch.testing.assert_close(ours.total, ours.classes + ours.masks + ours.dice)


def learned(output, targets, config):
    """Every loss and every gradient, as one list of tensors."""
    losses = Criterion(config, CODES.allowed)(output, targets)
    leaves = [output.class_logits, output.mask_embeddings, output.mask_features]
    gradients = torch.autograd.grad(losses.total, leaves)
    return [losses.classes.detach(), losses.masks.detach(), losses.dice.detach(), *gradients]


def noisy_where_ignored(target: Target) -> Target:
    noise = torch.randint(0, 256, target.masks.shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(9))
    return dataclasses.replace(target, masks=torch.where(target.validity, target.masks, noise))


@pytest.mark.parametrize("config", [PAPER, LossConfig(), LossConfig(mask_loss="focal")])
def test_targets_in_ignored_pixels_change_no_bit(config):
    validity = np.random.default_rng(3).random((16, 16)) < 0.6
    targets = tuple(random_target(seed, 3, validity=validity) for seed in (0, 1))
    changed = tuple(noisy_where_ignored(target) for target in targets)
    assert any(not torch.equal(a.masks, b.masks) for a, b in zip(targets, changed, strict=True))
    before, after = learned(layer(4), targets, config), learned(layer(4), changed, config)
    assert all(torch.equal(first, second) for first, second in zip(before, after, strict=True))


def test_no_gradient_comes_from_ignored_pixels():
    validity = np.ones((16, 16), dtype=bool)
    validity[4:8, 4:8] = False
    output = layer(4)
    *_, features = learned(output, (random_target(0, 3, validity=validity),) * 2, LossConfig(classes=0.0))
    assert not features[:, :, 4:8, 4:8].any()
    assert features[:, :, 8:].any()


def test_a_wholly_ignored_image_costs_nothing_but_its_classes():
    target = random_target(0, 0, validity=np.zeros((16, 16), dtype=bool))
    losses = Criterion(LossConfig(), CODES.allowed)(layer(4), (target, target))
    assert losses.masks.item() == losses.dice.item() == 0
    assert torch.isfinite(losses.total)


def test_unmatched_queries_weigh_less_on_partly_labelled_images():
    output = layer(5, batch=1)
    config = LossConfig(no_object=0.1, no_object_partial=0.05)

    def classes(complete):
        return Criterion(config, CODES.allowed)(output, (random_target(0, 1, complete=complete),)).classes.item()

    nll = -output.class_logits.log_softmax(-1)[0]
    match = config.matcher().match(output, (random_target(0, 1),), CODES.allowed)[0]
    own = nll[match.queries[0], 0]
    others = nll[:, 3].sum() - nll[match.queries[0], 3]
    for complete, weight in ((True, 0.1), (False, 0.05)):
        expected = 2 * (own + weight * others) / (1 + 5 * weight)
        assert classes(complete) == pytest.approx(expected.item(), rel=1e-5)


def test_a_thing_of_unknown_name_learns_the_sum_over_things():
    logits = torch.tensor([[1.0, -2.0, 0.5, 3.0]])
    wanted = logits.softmax(-1)[0, [0, 2]].sum().log()
    torch.testing.assert_close(log_probability(logits, CODES.allowed[[CODES.any_thing]])[0], wanted)


def test_by_quality_a_label_counts_as_far_as_its_mask_is_right():
    """Matched query 0 has IoU ½ with its target, query 1 none to match: half a label, half "no object"."""
    features = torch.ones(1, 1, 4, 4)
    features[..., 2:] = -1.0
    output = MaskFormerOutput(torch.randn(1, 2, 4), torch.tensor([[[9.0], [-9.0]]]), features)
    target = made_target(np.ones((1, 4, 4), dtype=bool), [1], complete=True)
    output.class_logits[0, 0, 1] = 5.0
    losses = Criterion(LossConfig(by_quality=True, no_object=0.5), CODES.allowed)(output, (target,))
    nll = -output.class_logits[0].log_softmax(-1)
    expected = (0.5 * nll[0, 1] + 0.5 * nll[0, 3] + 0.5 * nll[1, 3]) / 1.5
    torch.testing.assert_close(losses.classes, 2 * expected)


def test_the_iou_of_a_pair_leaves_out_ignored_cells():
    logits = torch.tensor([[3.0, 3.0, -1.0, 3.0]])
    targets, valid = torch.tensor([[1.0, 0.0, 1.0, 0.0]]), torch.tensor([[1.0, 1.0, 1.0, 0.0]])
    torch.testing.assert_close(mask_iou(logits, targets, valid), torch.tensor([1 / 3]))


def test_earlier_layers_can_be_left_out():
    output = dataclasses.replace(layer(2), auxiliary=(layer(1),))
    targets = (random_target(0, 2), random_target(1, 2))

    def total(output, share):
        return Criterion(LossConfig(earlier_layers=share), CODES.allowed)(output, targets).total

    alone = total(dataclasses.replace(output, auxiliary=()), 1.0)
    torch.testing.assert_close(total(output, 0.0), alone)
    torch.testing.assert_close(total(output, 0.5), (total(output, 1.0) + alone) / 2)


def test_targets_left_out_are_reported():
    losses = Criterion(LossConfig(), CODES.allowed)(layer(4, queries=3), (random_target(0, 5), random_target(1, 2)))
    assert losses.left_out == 2


def test_the_heat_map_is_one_at_each_centre_and_falls_off():
    target = made_target(np.stack([np.eye(16, dtype=bool), np.ones((16, 16), dtype=bool)]), [0, 1])
    target = dataclasses.replace(target, points=torch.tensor([[2.5, 4.5], [9.0, 9.0]]))
    heat, valid = heat_map(target, torch.Size((8, 8)))
    assert heat[2, 1] == heat[4, 4] == 1
    assert (heat == 1).sum() == 2
    assert heat[4, 5] > heat[4, 7]
    assert valid.all()


def test_the_heat_map_learns_nothing_in_ignored_places_and_less_where_labels_are_partial():
    validity = np.ones((16, 16), dtype=bool)
    validity[:, 8:] = False
    logits = torch.zeros(1, 1, 8, 8, requires_grad=True)
    partial, complete = (random_target(0, 0, validity=validity, complete=complete) for complete in (False, True))
    (gradient,) = torch.autograd.grad(point_loss(logits, (partial,), 0.5), logits)
    (full,) = torch.autograd.grad(point_loss(logits, (complete,), 0.5), logits)
    assert not gradient[..., 4:].any()
    torch.testing.assert_close(gradient * 2, full)
    assert full[..., :4].all()


@pytest.mark.parametrize("logit", [-8.0, 8.0])
def test_a_wrong_heat_map_costs_more_than_a_right_one(logit):
    target = made_target(np.ones((1, 16, 16), dtype=bool), [0], complete=True)
    right = torch.full((1, 1, 8, 8), -8.0)
    right[0, 0, 0, 0] = 8.0
    wrong = torch.full((1, 1, 8, 8), logit)
    assert point_loss(wrong, (target,), 1.0) > 10 * point_loss(right, (target,), 1.0)


def test_a_model_with_a_heat_map_is_taught_it():
    output = dataclasses.replace(layer(4), point_logits=torch.zeros(2, 1, 8, 8))
    targets = (random_target(0, 2), random_target(1, 2))
    expected = 3 * point_loss(output.point_logits, targets, 0.3)
    torch.testing.assert_close(Criterion(LossConfig(points=3.0), CODES.allowed)(output, targets).points, expected)


def test_coverage_between_nothing_and_all_is_a_share():
    target = made_target(np.ones((1, 2, 2), dtype=bool), [0])
    target = dataclasses.replace(target, masks=torch.tensor([[[0, 51], [102, 255]]], dtype=torch.uint8))
    torch.testing.assert_close(target.coverage(), torch.tensor([[[0.0, 0.2], [0.4, 1.0]]]))
    logits = torch.randn(4)
    expected = F.binary_cross_entropy_with_logits(logits, target.coverage().flatten())
    torch.testing.assert_close(
        pixel_loss(logits[None], target.coverage().flatten(1), torch.ones(1, 4), "bce")[0], expected
    )


@pytest.mark.parametrize(
    "values",
    [{"mask_loss": "l2"}, {"classes": -1.0}, {"classes": 0.0, "masks": 0.0, "dice": 0.0}, {"matching_pool": 0}],
)
def test_an_impossible_loss_is_refused(values):
    with pytest.raises(TrainingError):
        LossConfig(**values)
