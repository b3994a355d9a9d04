import dataclasses

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from core.annotation.errors import TrainingError
from core.maskformer.heads.mask_classifier import MaskClassifier
from core.training.classifier_loss import classifier_loss
from core.training.labels import LabelCodes
from tests.core.maskformer.small_models import labels as label_set
from tests.core.training.made_sets import made_target

CODES = LabelCodes(label_set("cat", "dog", "region"))


def made(*, batch=2, side=64):
    torch.manual_seed(0)
    levels = [torch.randn(batch, 6, -(-side // stride), -(-side // stride)) for stride in (32, 16, 8)]
    return MaskClassifier(level_channels=6, categories=3), levels


def target(numbers, *, seed=0, side=16, validity=None):
    masks = np.random.default_rng(seed).random((len(numbers), side, side)) < 0.4
    return made_target(masks, numbers, validity=validity)


def test_is_the_mean_cross_entropy_over_all_masks_of_the_batch():
    classifier, levels = made()
    targets = [target([0, 2]), target([1], seed=1)]
    logits = classifier(levels, [part.coverage() for part in targets])
    expected = F.cross_entropy(logits, torch.tensor([0, 2, 1]))
    torch.testing.assert_close(classifier_loss(classifier, levels, targets, CODES.table), expected)


def test_a_label_that_allows_several_categories_is_right_with_any_of_them():
    classifier, levels = made(batch=1)
    masks = [target([CODES.any_thing])]
    probability = classifier(levels, [masks[0].coverage()]).softmax(-1)
    things = probability[0, torch.tensor([0, 2])].sum()
    torch.testing.assert_close(classifier_loss(classifier, levels, masks, CODES.table), -things.log())


def test_masks_that_may_be_anything_or_are_ignored_do_not_count():
    classifier, levels = made(batch=1)
    named = target([1])
    validity = named.masks[0] > 0
    hidden = dataclasses.replace(
        target([1, 0, CODES.anything]),
        masks=torch.cat((named.masks, 255 - named.masks, named.masks)),
        validity=validity,
    )
    expected = classifier_loss(classifier, levels, [named], CODES.table)
    torch.testing.assert_close(classifier_loss(classifier, levels, [hidden], CODES.table), expected)


def test_what_lies_under_ignored_cells_changes_nothing():
    classifier, levels = made(batch=1)
    validity = torch.ones(16, 16, dtype=torch.bool)
    validity[5:] = False
    first = dataclasses.replace(target([0, 1]), validity=validity)
    second = dataclasses.replace(first, masks=torch.where(validity, first.masks, 255 - first.masks))
    ours, theirs = (classifier_loss(classifier, levels, [part], CODES.table) for part in (first, second))
    assert torch.equal(ours, theirs)


@pytest.mark.parametrize("numbers", [[], [CODES.anything]])
def test_nothing_to_ask_is_no_loss_and_no_gradient(numbers):
    classifier, levels = made(batch=1)
    loss = classifier_loss(classifier, levels, [target(numbers)], CODES.table)
    loss.backward()
    assert loss == 0
    assert all(not parameter.grad.any() for parameter in classifier.parameters())


@pytest.mark.parametrize("fine", [2, 4])
def test_finer_targets_give_the_same_loss(fine):
    classifier, levels = made()
    coarse = [target([0, 2]), target([1], seed=1)]

    def finer(maps):
        return maps.repeat_interleave(fine, -1).repeat_interleave(fine, -2)

    targets = [dataclasses.replace(part, masks=finer(part.masks), validity=finer(part.validity)) for part in coarse]
    ours, theirs = (classifier_loss(classifier, levels, part, CODES.table) for part in (targets, coarse))
    torch.testing.assert_close(ours, theirs)


def test_a_grid_that_does_not_line_up_is_refused():
    classifier, levels = made(batch=1)
    with pytest.raises(TrainingError, match=r"\[21, 21\] cells do not line up with \[8, 8\]"):
        classifier_loss(classifier, levels, [target([0], side=21)], CODES.table)


def test_only_the_classifier_learns_when_the_levels_are_frozen():
    classifier, levels = made(batch=1)
    trainer = torch.optim.Adam(classifier.parameters(), lr=0.01)
    masks = [target([0, 1, 2])]
    losses = []
    for _ in range(30):
        loss = classifier_loss(classifier, levels, masks, CODES.table)
        trainer.zero_grad()
        loss.backward()
        trainer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.1 * losses[0]
    assert not any(level.requires_grad for level in levels)
