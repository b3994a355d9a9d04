import dataclasses

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from core.annotation.errors import TrainingError
from core.maskformer.output import MaskFormerOutput
from core.training.criterion import Criterion, LossConfig
from core.training.fixed_matching import FixedMatching
from core.training.labels import LabelCodes
from core.training.masks import dice_loss, pixel_loss
from core.training.truth import ImageTruth
from tests.core.maskformer.small_models import labels as label_set
from tests.core.training.made_sets import made_target

# cat, rug and cup are things, grass and sky stuff.
CODES = LabelCodes(label_set("cat", "grass", "rug", "sky", "cup"))
CAT, GRASS, RUG, SKY, CUP = range(5)
CONFIG = LossConfig(classes=1.0, masks=1.0, dice=1.0, matching="fixed", no_object=0.1, no_object_partial=0.1)


def made_output(*, queries=5, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return MaskFormerOutput(
        torch.randn(1, queries, 6, generator=generator).requires_grad_(),
        torch.randn(1, queries, 8, 8, generator=generator).requires_grad_(),
    )


def columns(*ranges):
    masks = np.zeros((len(ranges), 8, 8), dtype=bool)
    for mask, (first, last) in zip(masks, ranges, strict=True):
        mask[:, first:last] = True
    return masks


def match(target, output=None):
    matched = FixedMatching()([output or made_output()], [ImageTruth.of(target)], CODES.table)
    return matched.truths[0], matched.matches[0][0]


def test_query_k_answers_for_category_k_and_targets_of_one_category_are_one():
    truth, found = match(made_target(columns((0, 2), (2, 4), (4, 6), (1, 3)), [SKY, CAT, SKY, SKY]))
    assert found.queries.tolist() == [CAT, SKY]
    assert truth.labels[found.targets].tolist() == [CAT, SKY]
    expected = torch.from_numpy(columns((2, 4), (0, 6))).float()
    expected[1, :, 3] = 0
    torch.testing.assert_close(truth.coverage[found.targets], expected)
    assert not found.left_out.any()
    assert not found.undecided.any()


def test_halves_of_a_cell_join_to_a_whole_one():
    target = made_target(columns((0, 4), (3, 8)), [CAT, CAT])
    masks = target.masks.clone()
    masks[:, :, 3] = torch.tensor([[127], [128]], dtype=torch.uint8)
    truth, found = match(dataclasses.replace(target, masks=masks))
    torch.testing.assert_close(truth.coverage[found.targets], torch.ones(1, 8, 8))


def test_the_losses_are_those_of_the_joined_masks():
    output, target = made_output(), made_target(columns((0, 2), (2, 4), (4, 6)), [SKY, CAT, SKY])
    terms = Criterion(CONFIG, CODES.table)(output, (target,)).terms
    masks = torch.from_numpy(columns((2, 4), (0, 6))).float()
    masks[1, :, 2:4] = 0
    pairs = output.mask_logits[0, [CAT, SKY]].flatten(1), masks.flatten(1), torch.ones(64)
    torch.testing.assert_close(terms["masks"], pixel_loss(*pairs, "bce").mean())
    torch.testing.assert_close(terms["dice"], dice_loss(*pairs).mean())
    wanted, weight = torch.tensor([CAT, 5, 5, SKY, 5]), torch.tensor([1.0, 1, 1, 1, 1, 0.1])
    torch.testing.assert_close(terms["classes"], F.cross_entropy(output.class_logits[0], wanted, weight))


def test_targets_without_a_category_are_left_out_and_teach_nothing():
    """What may be any thing leaves the queries of absent things undecided, and its cells unknown."""
    output, target = made_output(), made_target(columns((0, 2), (4, 8)), [RUG, CODES.any_thing])
    losses = Criterion(CONFIG, CODES.table)(output, (target,))
    assert losses.left_out == 1
    classes, masks = torch.autograd.grad(losses.total, (output.class_logits, output.mask_logits))
    assert classes[0].any(1).tolist() == [False, True, True, True, False]
    assert masks[0].flatten(1).any(1).tolist() == [False, False, True, False, False]
    assert not masks[..., 4:].any()
    assert masks[0, RUG, :, :4].all()


def test_a_category_in_ignored_cells_alone_is_undecided():
    validity = np.ones((8, 8), dtype=bool)
    validity[:, 4:] = False
    _, found = match(made_target(columns((0, 2), (4, 8)), [RUG, SKY], validity=validity))
    assert found.queries.tolist() == [RUG]
    assert found.undecided.nonzero().flatten().tolist() == [SKY]
    assert not len(found.left_out)


def test_an_image_without_targets_has_only_no_objects():
    output = made_output()
    terms = Criterion(CONFIG, CODES.table)(output, (made_target(columns(), []),)).terms
    assert terms["masks"] == terms["dice"] == 0
    torch.testing.assert_close(terms["classes"], -output.class_logits.log_softmax(-1)[..., 5].mean())


def test_every_layer_has_the_same_pairs():
    target = made_target(columns((0, 2), (2, 4)), [SKY, CAT])
    layers = [made_output(seed=seed) for seed in (1, 2)]
    first, second = FixedMatching()(layers, [ImageTruth.of(target)], CODES.table).matches
    assert first[0].queries.tolist() == second[0].queries.tolist() == [CAT, SKY]


def test_other_counts_of_queries_and_categories_are_refused_with_both():
    with pytest.raises(TrainingError, match="N = 4 queries and K = 5 categories"):
        match(made_target(columns((0, 2)), [SKY]), made_output(queries=4))
