import dataclasses

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from transformers.models.maskformer.modeling_maskformer import MaskFormerHungarianMatcher, MaskFormerLoss

from core.annotation.errors import TrainingError
from core.maskformer.output import MaskFeatures, MaskFormerOutput, MaskProduct
from core.training.criterion import Criterion, LossConfig
from core.training.labels import LabelCodes, log_probability
from core.training.masks import dice_loss, mask_iou, pixel_loss
from core.training.points_loss import heat_maps, point_loss
from core.training.target import Target
from core.training.truth import ImageTruth, at_size
from tests.core.maskformer.small_models import SMALL_PAPER, small_model
from tests.core.maskformer.small_models import labels as label_set
from tests.core.training.made_sets import disc_batch, made_target

CODES = LabelCodes(label_set("cat", "dog", "region"))
PAPER = LossConfig(classes=1.0, masks=20.0, dice=1.0, mask_loss="focal", no_object_partial=0.1, matching_pool=1)


def layer(seed, *, batch=2, queries=6, size=(16, 16)):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(batch, queries, *size, generator=generator) * 3
    return MaskFormerOutput(
        torch.randn(batch, queries, 4, generator=generator).requires_grad_(), logits.requires_grad_()
    )


def with_earlier(last, *earlier):
    return MaskFormerOutput(last.class_logits, last.mask_logits, earlier)


def random_target(seed, count, *, size=(16, 16), validity=None, complete=False):
    masks = np.random.default_rng(seed).random((count, *size)) < 0.4
    masks[:, seed % size[0], :4] = True
    return made_target(masks, [number % 3 for number in range(count)], validity=validity, complete=complete)


def losses_of(output, *targets, config=PAPER):
    return Criterion(config, CODES.table)(output, targets)


def learned(output, targets, config):
    """Every loss and every gradient, as one list of tensors."""
    losses = losses_of(output, *targets, config=config)
    parts = [output, *output.auxiliary]
    leaves = [leaf for part in parts for leaf in (part.class_logits, part.mask_logits)]
    return [*(loss.detach() for loss in losses.terms.values()), *torch.autograd.grad(losses.total, leaves)]


def same_bits(first, second):
    return all(torch.equal(one, other) for one, other in zip(first, second, strict=True))


GRIDS = [((16, 16), (16, 16)), ((8, 8), (32, 32)), ((17, 23), (67, 90)), ((5, 4), (18, 13))]


@pytest.mark.parametrize(("size", "fine"), GRIDS)
@pytest.mark.parametrize("counts", [(3, 4), (6, 1), (0, 2), (0, 0), (1, 2, 5)])
def test_the_papers_loss_equals_transformers_term_by_term(size, fine, counts):
    """On targets of the logits' grid and finer ones (full resolution), the earlier layers too."""
    earlier, last = ([layer(seed + 10 * part, batch=len(counts), size=size) for seed in range(2)] for part in (0, 1))
    for output in (last[0], with_earlier(last[0], *earlier)):
        targets = tuple(random_target(seed, count, size=fine) for seed, count in enumerate(counts))
        ours = losses_of(output, *targets)
        theirs = peers_terms([output, *output.auxiliary], targets)
        for name, weight in (("classes", 1.0), ("masks", 20.0), ("dice", 1.0)):
            assert float(ours.terms[name].detach()) == pytest.approx(weight * theirs[name], abs=1e-5, rel=1e-5)
        torch.testing.assert_close(ours.total, sum(ours.terms.values()))


def peers_matcher():
    return MaskFormerHungarianMatcher(cost_class=1.0, cost_mask=20.0, cost_dice=1.0)


def peers_terms(layers, targets):
    loss = MaskFormerLoss(3, peers_matcher(), weight_dict={}, eos_coef=0.1)
    masks, labels = [target.coverage() for target in targets], [target.labels for target in targets]
    terms = [loss(part.mask_logits.detach(), part.class_logits.detach(), masks, labels) for part in layers]
    names = {"classes": "loss_cross_entropy", "masks": "loss_mask", "dice": "loss_dice"}
    return {ours: float(sum(term[theirs] for term in terms)) for ours, theirs in names.items()}


@pytest.mark.parametrize(("size", "fine"), GRIDS)
@pytest.mark.parametrize("seed", range(3))
def test_the_papers_matching_is_that_of_transformers(size, fine, seed):
    output = layer(seed, batch=3, queries=20, size=size)
    targets = [random_target(10 * seed + place, count, size=fine) for place, count in enumerate((20, 7, 0))]
    ours = PAPER.build_matching()([output], [ImageTruth.of(target) for target in targets], CODES.table).matches[0]
    masks, labels = [target.coverage() for target in targets], [target.labels for target in targets]
    theirs = peers_matcher()(output.mask_logits, output.class_logits, masks, labels)
    for mine, (queries, chosen) in zip(ours, theirs, strict=True):
        assert (mine.queries.tolist(), mine.targets.tolist()) == (queries.tolist(), chosen.tolist())


def noisy_where_ignored(target: Target) -> Target:
    noise = torch.randint(0, 256, target.masks.shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(9))
    return dataclasses.replace(target, masks=torch.where(target.validity, target.masks, noise))


@pytest.mark.parametrize("fine", [(16, 16), (64, 64), (61, 62)])
@pytest.mark.parametrize("config", [PAPER, LossConfig(), LossConfig(mask_loss="focal", by_quality=True)])
def test_fault_6_targets_in_ignored_pixels_change_no_bit(config, fine):
    validity = np.random.default_rng(3).random(fine) < 0.6
    targets = tuple(random_target(seed, 3, size=fine, validity=validity) for seed in (0, 1))
    changed = tuple(noisy_where_ignored(target) for target in targets)
    assert any(not torch.equal(a.masks, b.masks) for a, b in zip(targets, changed, strict=True))
    before, after = (learned(with_earlier(layer(4), layer(5)), each, config) for each in (targets, changed))
    assert same_bits(before, after)


@pytest.mark.parametrize("config", [PAPER, LossConfig(), LossConfig(by_quality=True)])
def test_fault_6_ignored_pixels_teach_no_logit(config):
    validity = np.ones((16, 16), dtype=bool)
    validity[4:8, 4:8] = False
    output = layer(4)
    *_, gradient = learned(output, (random_target(0, 3, validity=validity),) * 2, config)
    assert not gradient[:, :, 4:8, 4:8].any()
    assert gradient[:, :, 8:].any()


@pytest.mark.parametrize("kind", ["bce", "focal"])
def test_fault_6_ignored_pixels_teach_no_logit_at_full_resolution(kind):
    """The logits as they are compared with finer targets: enlarged first."""
    truth = ImageTruth.of(random_target(0, 3, size=(61, 62), validity=np.random.default_rng(3).random((61, 62)) < 0.6))
    enlarged = at_size(layer(4).mask_logits[0, :3], truth.size).detach().requires_grad_()
    pairs = enlarged.flatten(1), truth.coverage.flatten(1), truth.validity.flatten()
    (gradient,) = torch.autograd.grad((pixel_loss(*pairs, kind) + dice_loss(*pairs)).sum(), enlarged)
    assert not gradient[:, truth.validity == 0].any()
    assert gradient[:, truth.validity == 1].all()


def test_fault_6_logits_that_reach_into_ignored_pixels_alone_learn_nothing():
    validity = np.ones((64, 64), dtype=bool)
    validity[:, 30:] = False
    *_, gradient = learned(layer(4), (random_target(0, 3, size=(64, 64), validity=validity),) * 2, PAPER)
    assert not gradient[..., 8:].any()
    assert gradient[..., 7].any()


def test_fault_5_a_padded_photo_learns_as_it_does_alone():
    """What lies in the padding, of logits and targets, changes neither a match nor a loss of the masks."""
    output, target = layer(4, batch=1), random_target(0, 4)
    validity = np.zeros((16, 24), dtype=bool)
    validity[:, :16] = True
    masks = np.random.default_rng(1).random((4, 16, 24)) < 0.5
    masks[:, :, :16] = target.masks > 0
    padded = made_target(masks, target.labels.tolist(), validity=validity)
    noise = 9 * torch.randn(1, 6, 16, 8)
    wide = MaskFormerOutput(output.class_logits, torch.cat((output.mask_logits, noise), dim=3))
    for config in (PAPER, LossConfig()):
        alone, together = losses_of(output, target, config=config), losses_of(wide, padded, config=config)
        for name in ("classes", "masks", "dice"):
            torch.testing.assert_close(together.terms[name], alone.terms[name])


def test_a_wholly_ignored_image_costs_nothing_but_its_classes():
    ignored = np.zeros((16, 16), dtype=bool)
    for target in (random_target(0, 0, validity=ignored), random_target(0, 3, validity=ignored)):
        losses = losses_of(layer(4), target, target, config=LossConfig())
        assert losses.terms["masks"].item() == losses.terms["dice"].item() == 0
        assert losses.left_out == 0
        nothing = -layer(4).class_logits.log_softmax(-1)[..., 3].mean()
        torch.testing.assert_close(losses.terms["classes"], 2 * nothing)


def test_without_targets_and_a_weight_for_no_object_the_classes_cost_nothing():
    losses = losses_of(layer(4), random_target(0, 0), random_target(1, 0), config=LossConfig(no_object_partial=0.0))
    assert losses.total.item() == 0


def test_fault_7_targets_beyond_the_queries_are_neither_positive_nor_negative():
    """Nothing of theirs is taught: no class, no cell; and no query is told that it is nothing."""
    output, target = layer(4, batch=1, queries=3), random_target(0, 5)
    losses = losses_of(output, target)
    assert losses.left_out == 2
    (found,) = PAPER.build_matching()([output], [ImageTruth.of(target)], CODES.table).matches[0]
    kept, left = target.masks[found.targets] > 0, (target.masks[found.left_out] > 0).any(0)
    logits, classes = output.mask_logits[0, found.queries], output.class_logits[0, found.queries]
    expected = dict.fromkeys(("masks", "dice"), 0.0)
    for query_logits, mask in zip(logits, kept, strict=True):
        known = mask | ~left
        part = query_logits[known][None], mask[known].float()[None], torch.ones(int(known.sum()))
        expected["masks"] += 20 * pixel_loss(*part, "focal")[0] / 3
        expected["dice"] += dice_loss(*part)[0] / 3
    torch.testing.assert_close({name: losses.terms[name] for name in expected}, expected)
    torch.testing.assert_close(losses.terms["classes"], F.cross_entropy(classes, target.labels[found.targets]))
    (gradient,) = torch.autograd.grad(losses.total, output.mask_logits)
    outside_all = left & ~kept.any(0)
    assert outside_all.any()
    assert not gradient[..., outside_all].any()


def test_targets_left_out_are_counted():
    output = with_earlier(layer(4, queries=3), layer(5, queries=3))
    assert losses_of(output, random_target(0, 5), random_target(1, 2)).left_out == 2


def test_fault_8_earlier_layers_are_taught_unasked_and_the_empty_start_is_not_among_them():
    """A model in training hands over the layers before its last; each depends on its queries and on the photo."""
    model = small_model(SMALL_PAPER).train()
    batch = disc_batch()
    pixels = (batch.pixels / 128.0 - 1).permute(0, 3, 1, 2).requires_grad_()
    output = model(pixels, batch.padding_mask)
    assert len(output.auxiliary) == 2
    for part in (*output.auxiliary, output):
        (gradient,) = torch.autograd.grad(part.class_logits.sum(), pixels, retain_graph=True)
        assert gradient.any()
    layered = losses_of(output, *batch.targets).terms
    alone = [
        losses_of(MaskFormerOutput(part.class_logits, part.masks), *batch.targets).terms
        for part in (output, *output.auxiliary)
    ]
    for name in ("classes", "masks", "dice"):
        torch.testing.assert_close(layered[name], sum(terms[name] for terms in alone))


def test_two_images_couple_in_the_counts_alone():
    """Mask terms are divided by the batch's number of masks, the classes by its sum of weights."""
    config = dataclasses.replace(PAPER, no_object_partial=0.05)
    output, counts = layer(4), (2, 5)
    targets = [random_target(seed, count, complete=seed == 0) for seed, count in enumerate(counts)]
    together = losses_of(output, *targets, config=config).terms
    alone = [
        losses_of(
            MaskFormerOutput(output.class_logits[place][None], output.mask_logits[place][None]), target, config=config
        ).terms
        for place, target in enumerate(targets)
    ]
    weights = (2 + 0.1 * 4, 5 + 0.05 * 1)
    for name, shares in (("masks", counts), ("dice", counts), ("classes", weights)):
        expected = sum(terms[name] * share for terms, share in zip(alone, shares, strict=True)) / sum(shares)
        torch.testing.assert_close(together[name], expected)


def test_masks_that_are_products_learn_as_given_ones():
    """Whether multiplied when asked for or before: the features get the same gradient, also under autocast."""
    torch.manual_seed(0)
    inputs, embeddings = torch.randn(2, 3, 16, 16), torch.randn(2, 6, 4, requires_grad=True)
    projection = torch.nn.Conv2d(3, 4, 3, padding=1)
    class_logits, targets = torch.randn(2, 6, 4), (random_target(0, 2), random_target(1, 0))

    def gradients(make_masks, autocast):
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            output = MaskFormerOutput(
                class_logits, make_masks(MaskProduct(embeddings, MaskFeatures.of(inputs, projection)))
            )
            losses = losses_of(output, *targets)
        assert all(loss.dtype == torch.float32 for loss in losses.terms.values())
        return torch.autograd.grad(losses.total, [embeddings, projection.weight, projection.bias])

    for autocast, tolerance in ((False, 1e-5), (True, 0.05)):
        lazy, given = gradients(lambda masks: masks, autocast), gradients(lambda masks: masks.logits(), False)
        for mine, wanted in zip(lazy, given, strict=True):
            torch.testing.assert_close(mine, wanted, rtol=tolerance, atol=tolerance * float(wanted.abs().max()))


@pytest.mark.parametrize("matching", ["hungarian", "boxes"])
def test_autocast_changes_no_bit_of_costs_and_losses(matching):
    plain, targets = layer(4), (random_target(0, 2), random_target(1, 5))
    boxes = torch.rand(2, 6, 4, generator=torch.Generator().manual_seed(0))
    output = MaskFormerOutput(plain.class_logits, plain.mask_logits, boxes=boxes)
    config = LossConfig(matching=matching)
    outside = losses_of(output, *targets, config=config).terms
    with torch.autocast("cpu", torch.bfloat16):
        inside = losses_of(output, *targets, config=config).terms
    assert same_bits(outside.values(), inside.values())


def test_unmatched_queries_weigh_less_on_partly_labelled_images():
    output = layer(5, batch=1)
    config = LossConfig(no_object=0.1, no_object_partial=0.05)

    def classes(complete):
        return losses_of(output, random_target(0, 1, complete=complete), config=config).terms["classes"].item()

    nll = -output.class_logits.log_softmax(-1)[0]
    truth = ImageTruth.of(random_target(0, 1))
    match = config.build_matching()([output], [truth], CODES.table).matches[0][0]
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
    left = torch.full((4, 4), 9.0)
    left[:, 2:] = -9.0
    output = MaskFormerOutput(torch.randn(1, 2, 4), torch.stack((left, -left))[None])
    target = made_target(np.ones((1, 4, 4), dtype=bool), [1], complete=True)
    output.class_logits[0, 0, 1] = 5.0
    losses = losses_of(output, target, config=LossConfig(by_quality=True, no_object=0.5))
    nll = -output.class_logits[0].log_softmax(-1)
    expected = (0.5 * nll[0, 1] + 0.5 * nll[0, 3] + 0.5 * nll[1, 3]) / 1.5
    torch.testing.assert_close(losses.terms["classes"], 2 * expected)


def test_the_iou_of_a_pair_leaves_out_ignored_cells():
    logits = torch.tensor([[3.0, 3.0, -1.0, 3.0]])
    targets, valid = torch.tensor([[1.0, 0.0, 1.0, 0.0]]), torch.tensor([[1.0, 1.0, 1.0, 0.0]])
    torch.testing.assert_close(mask_iou(logits, targets, valid), torch.tensor([1 / 3]))


def test_earlier_layers_can_be_left_out():
    last, targets = layer(2), (random_target(0, 2), random_target(1, 2))

    def total(output, share):
        return losses_of(output, *targets, config=LossConfig(earlier_layers=share)).total

    both, alone = with_earlier(last, layer(1)), total(last, 1.0)
    torch.testing.assert_close(total(both, 0.0), alone)
    torch.testing.assert_close(total(both, 0.5), (total(both, 1.0) + alone) / 2)


def test_a_term_can_be_added_by_name():
    losses = losses_of(layer(4), random_target(0, 2), random_target(1, 2))
    more = losses.with_term("names", torch.tensor(3.0))
    torch.testing.assert_close(more.total, losses.total + 3)
    assert more.left_out == losses.left_out


def test_the_heat_map_is_one_at_each_centre_and_falls_off():
    target = made_target(np.stack([np.eye(16, dtype=bool), np.ones((16, 16), dtype=bool)]), [0, 1])
    target = dataclasses.replace(target, points=torch.tensor([[2.5, 4.5], [9.0, 9.0]]))
    (heat,), (valid,) = heat_maps((target,), torch.Size((8, 8)))
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
    plain = layer(4)
    output = MaskFormerOutput(plain.class_logits, plain.mask_logits, point_logits=torch.zeros(2, 1, 8, 8))
    targets = (random_target(0, 2), random_target(1, 2))
    expected = 3 * point_loss(output.point_logits, targets, 0.3)
    torch.testing.assert_close(losses_of(output, *targets, config=LossConfig(points=3.0)).terms["points"], expected)


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
    [
        {"mask_loss": "l2"},
        {"matching": "greedy"},
        {"classes": -1.0},
        {"no_object": -0.1},
        {"giou": -1.0},
        {"classes": 0.0, "masks": 0.0, "dice": 0.0},
        {"matching_pool": 0},
    ],
)
def test_an_impossible_loss_is_refused(values):
    with pytest.raises(TrainingError):
        LossConfig(**values)


@pytest.mark.parametrize("count", [1, 3])
def test_a_target_too_few_or_too_many_is_refused(count):
    targets = tuple(random_target(seed, 2) for seed in range(count))
    with pytest.raises(TrainingError, match=f"2 images have {count} targets"):
        Criterion(PAPER, CODES.table)(layer(0), targets)


@pytest.mark.parametrize("change", [{"masks": float("nan")}, {"dice": float("inf")}, {"classes": "a"}])
def test_weights_that_are_no_numbers_are_refused(change):
    with pytest.raises(TrainingError, match="finite numbers"):
        LossConfig(**change)
