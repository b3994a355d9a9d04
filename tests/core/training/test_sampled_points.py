import dataclasses

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from transformers.models.mask2former.modeling_mask2former import sample_point

from core.annotation.errors import TrainingError
from core.maskformer.output import GivenMasks, MaskFeatures, MaskFormerOutput, MaskProduct, sampled
from core.training.criterion import Criterion, LossConfig
from core.training.labels import LabelCodes
from core.training.masks import dice_loss, pixel_loss
from core.training.sampled_points import PointSampling
from core.training.truth import ImageTruth, compared_points, sampled_rows
from tests.core.maskformer.small_models import labels as label_set
from tests.core.training.made_sets import made_target

CODES = LabelCodes(label_set("cat", "dog", "region"))


def points(batch, count, *, seed=0):
    return torch.rand(batch, count, 2, generator=torch.Generator().manual_seed(seed))


def random_target(seed, count, *, size=(16, 16), validity=None, points_seed=0, real_size=None):
    masks = np.random.default_rng(seed).random((count, *size)) < 0.4
    masks[:, 1, :4] = True
    target = made_target(masks, [number % 3 for number in range(count)], validity=validity)
    return dataclasses.replace(target, points_seed=points_seed, real_size=real_size)


def random_output(seed, *, batch=1, queries=6, size=(16, 16)):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(batch, queries, *size, generator=generator) * 3
    return MaskFormerOutput(torch.randn(batch, queries, 4, generator=generator), logits.requires_grad_())


def test_samples_inside_are_those_of_transformers():
    maps = torch.randn(2, 3, 9, 13)
    inner = 0.1 + 0.8 * points(2, 50)
    torch.testing.assert_close(sampled(maps, inner), sample_point(maps, inner, align_corners=False))


def test_samples_at_the_centres_of_a_finer_grid_are_its_enlargement():
    """At the edges too, where the outermost centres' values go on."""
    maps = torch.randn(2, 3, 9, 13)
    y, x = torch.meshgrid((torch.arange(18) + 0.5) / 18, (torch.arange(39) + 0.5) / 39, indexing="ij")
    centres = torch.stack((x, y), dim=-1).flatten(0, 1).expand(2, -1, -1)
    expected = F.interpolate(maps, (18, 39), mode="bilinear", align_corners=False).flatten(2)
    torch.testing.assert_close(sampled(maps, centres), expected)


def test_samples_of_rows_are_samples_of_their_maps():
    maps, rows, where = torch.rand(3, 7, 5), torch.tensor([2, 0, 2, 1]), points(4, 60)
    torch.testing.assert_close(sampled_rows(maps, rows, where), sampled(maps[rows][:, None], where)[:, 0])


@pytest.mark.parametrize("beside", [False, True])
def test_logits_at_points_are_those_of_the_whole_masks(beside):
    """With gradients that reach embeddings, features and the last convolution alike."""
    torch.manual_seed(0)
    projection = torch.nn.Conv2d(5, 4, 3, padding=1)
    inputs = torch.randn(2, 5, 8, 6, requires_grad=True)
    embeddings = torch.randn(2, 3, 4 + 2 * beside, requires_grad=True)
    features = MaskFeatures.of(inputs, projection)
    if beside:
        features = dataclasses.replace(features, beside=torch.randn(2, 2, 8, 6))
    masks, where = MaskProduct(embeddings, features), points(2, 40)
    found, expected = masks.at_points(where), sampled(masks.logits(), where)
    torch.testing.assert_close(found, expected)
    leaves = (inputs, embeddings, projection.weight)
    gradients = [torch.autograd.grad(each.square().sum(), leaves, retain_graph=True) for each in (found, expected)]
    torch.testing.assert_close(gradients[0], gradients[1], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("counts", [(2, 3), (0, 2), (1, 0), (0, 0)])
def test_masks_of_pairs_are_those_of_each_image(counts):
    torch.manual_seed(0)
    features = MaskFeatures.of(torch.randn(2, 5, 8, 6), torch.nn.Conv2d(5, 4, 1))
    layers = [MaskProduct(torch.randn(2, 3, 4), features) for _ in range(2)]
    images = [torch.randint(0, 6, (count,)) for count in counts]
    given = [GivenMasks(layer.logits()) for layer in layers]
    joined, alike = layers[0].beside(layers[1:]), given[0].beside(given[1:])
    whole = torch.cat([layer.logits() for layer in layers], dim=1)
    torch.testing.assert_close(alike.logits(), whole)
    for masks in (joined, alike):
        expected = torch.cat([whole[image, queries] for image, queries in enumerate(images)])
        torch.testing.assert_close(masks.of_pairs(images), expected)


def test_points_are_an_images_own_and_lie_in_its_photo():
    sampling = PointSampling(200)
    first = ImageTruth.of(random_target(0, 2, size=(16, 24), points_seed=5, real_size=(16, 12)))
    other = ImageTruth.of(random_target(1, 2, size=(16, 24), points_seed=6))
    alone, both = sampling.even([first]), sampling.even([other, first])
    assert torch.equal(alone[0], both[1])
    assert not torch.equal(both[0], both[1])
    x, y = alone[0].unbind(-1)
    assert 0.45 < float(x.max()) < 0.5 - 0.4 / 24
    assert float(y.max()) > 0.9
    assert float(both[0, :, 0].max()) > 0.9


def test_most_points_are_the_least_certain_of_the_candidates_and_valid():
    validity = np.ones((16, 16), dtype=bool)
    validity[:, :8] = False
    truth = ImageTruth.of(random_target(0, 1, validity=validity))
    logits = torch.linspace(-8, 8, 16)[None, :, None].expand(2, 16, 16).contiguous()
    found = PointSampling(400, oversample=4.0, uncertain=0.75).uncertain_points(logits, [truth], [2])
    assert found.shape == (2, 400, 2)
    chosen, others = found[:, :300], found[:, 300:]
    assert sampled(logits[:, None], chosen)[:, 0].abs().max() < 0.45 * sampled(logits[:, None], others).abs().max()
    assert chosen[..., 0].min() > 8 / 16
    assert others[..., 0].min() < 0.05
    assert not torch.equal(found[0], found[1])


def test_the_loss_at_every_cells_centre_is_the_loss_of_every_cell(monkeypatch):
    """Points on all centres make the sampled loss the full one, with targets left out and ignored cells too."""
    validity = np.ones((16, 16), dtype=bool)
    validity[12:, :] = False
    target = random_target(3, 8, validity=validity)
    y, x = torch.meshgrid((torch.arange(16) + 0.5) / 16, (torch.arange(16) + 0.5) / 16, indexing="ij")
    centres = torch.stack((x, y), dim=-1).flatten(0, 1)
    monkeypatch.setattr(PointSampling, "even", lambda self, truths: centres.expand(len(truths), -1, -1))
    monkeypatch.setattr(
        PointSampling, "uncertain_points", lambda self, logits, truths, counts: centres.expand(len(logits), -1, -1)
    )
    for mask_loss in ("bce", "focal"):
        full = LossConfig(mask_loss=mask_loss, matching_pool=1, by_quality=True)
        expected = Criterion(full, CODES.table)(random_output(0), (target,))
        found = Criterion(dataclasses.replace(full, mask_points=256), CODES.table)(random_output(0), (target,))
        assert found.left_out == expected.left_out == 2
        torch.testing.assert_close(dict(found.terms), dict(expected.terms), rtol=1e-4, atol=1e-4)


def test_many_points_come_near_the_full_matching_and_dice():
    """Without preference for uncertain points, sampling is unbiased."""
    target = random_target(3, 4, size=(32, 32))
    output = random_output(0, size=(32, 32))
    full = Criterion(LossConfig(matching_pool=1), CODES.table)(output, (target,))
    config = LossConfig(mask_points=20_000, mask_oversample=1.0, mask_uncertain=0.0)
    found = Criterion(config, CODES.table)(output, (target,))
    for name in ("classes", "dice"):
        assert found.terms[name].item() == pytest.approx(full.terms[name].item(), rel=0.1)


@pytest.mark.parametrize("by_quality", [False, True])
def test_ignored_cells_teach_nothing_and_change_nothing(by_quality):
    validity = np.random.default_rng(3).random((16, 16)) < 0.8
    validity[4:8, 4:8] = False
    target = random_target(0, 3, validity=validity)
    noise = torch.randint(0, 256, target.masks.shape, dtype=torch.uint8)
    noisy = dataclasses.replace(target, masks=torch.where(target.validity, target.masks, noise))
    criterion = Criterion(LossConfig(mask_points=300, by_quality=by_quality), CODES.table)
    gradients = []
    for each in (target, noisy):
        output = random_output(4)
        losses = criterion(output, (each,))
        gradients.append(torch.autograd.grad(losses.terms["masks"] + losses.terms["dice"], output.masks.given)[0])
    assert torch.equal(gradients[0], gradients[1])
    assert not gradients[0][..., ~target.validity].any()
    assert gradients[0].any()


def test_what_lies_in_the_padding_changes_nothing():
    alone = random_target(0, 3, points_seed=9)
    validity = np.zeros((16, 24), dtype=bool)
    validity[:, :16] = True
    masks = np.random.default_rng(1).random((3, 16, 24)) < 0.5
    masks[:, :, :16] = alone.masks > 0
    wide = made_target(masks, alone.labels.tolist(), validity=validity)
    wide = dataclasses.replace(wide, points_seed=9, real_size=(16, 16))
    output = random_output(4)
    beside = torch.cat((output.mask_logits, 9 * torch.randn(1, 6, 16, 8)), dim=3)
    criterion = Criterion(LossConfig(mask_points=400, by_quality=True), CODES.table)
    found = criterion(MaskFormerOutput(output.class_logits, beside), (wide,))
    torch.testing.assert_close(dict(found.terms), dict(criterion(output, (alone,)).terms), rtol=1e-3, atol=1e-3)


def test_an_images_losses_do_not_depend_on_its_neighbours():
    targets = tuple(random_target(seed, count, points_seed=seed) for seed, count in ((1, 3), (2, 0), (3, 5)))
    output = random_output(0, batch=3)
    criterion = Criterion(LossConfig(mask_points=100), CODES.table)
    together = criterion(output, targets)
    counts = criterion.count(targets, 6)
    parts = [
        criterion(MaskFormerOutput(output.class_logits[[n]], output.mask_logits[[n]]), (target,), counts)
        for n, target in enumerate(targets)
    ]
    for name, loss in together.terms.items():
        torch.testing.assert_close(sum(part.terms[name] for part in parts), loss)


def test_the_points_loss_is_that_of_its_points():
    """Recomputed pair by pair from the points drawn, by the reference formulas."""
    target, output = random_target(3, 4, points_seed=7), random_output(0)
    config = LossConfig(mask_points=64)
    criterion = Criterion(config, CODES.table)
    truth = ImageTruth.of(target)
    matched = criterion.matching([output], [truth], CODES.table)
    pairs = matched.pairs
    logits = output.mask_logits[0, pairs.queries]
    where = config.sampling.uncertain_points(logits.detach(), [truth], [len(logits)])
    values = sampled(logits[:, None], where)[:, 0]
    wanted = sampled(truth.coverage[pairs.targets][:, None], where)[:, 0]
    losses = criterion(output, (target,))
    everywhere = torch.ones_like(values)
    torch.testing.assert_close(losses.terms["masks"], 5 * pixel_loss(values, wanted, everywhere, "bce").mean())
    torch.testing.assert_close(losses.terms["dice"], 5 * dice_loss(values, wanted, everywhere).mean())
    expected = F.binary_cross_entropy_with_logits(values, wanted)
    torch.testing.assert_close(losses.terms["masks"], 5 * expected)


def test_compared_points_of_a_point_beside_an_invalid_cell_are_not_valid():
    validity = np.ones((4, 4), dtype=bool)
    validity[:, 2:] = False
    truth = ImageTruth.of(random_target(0, 1, size=(4, 4), validity=validity))
    found = compared_points([truth], torch.tensor([[[0.125, 0.5], [0.374, 0.5], [0.38, 0.5], [0.9, 0.5]]]))
    assert found.validity.tolist() == [[1.0, 1.0, 0.0, 0.0]]
    assert not found.targets[0, 0, 2:].any()


@pytest.mark.parametrize(
    "values", [{"mask_points": -1}, {"mask_points": 2.5}, {"mask_oversample": 0.5}, {"mask_uncertain": 1.5}]
)
def test_impossible_sampling_is_refused(values):
    with pytest.raises(TrainingError):
        LossConfig(**values)
