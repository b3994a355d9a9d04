import dataclasses

import numpy as np
import pytest
import torch
from pycocotools import mask as coco_masks
from transformers.loss.loss_for_object_detection import HungarianMatcher, ImageLoss, generalized_box_iou

from core.annotation.errors import TrainingError
from core.maskformer.output import MaskFormerOutput
from core.training.box_matching import BoxMatching
from core.training.boxes import box_cost, corners, generalised_iou, mask_boxes
from core.training.criterion import Criterion, LossConfig
from core.training.labels import LabelCodes
from core.training.truth import ImageTruth
from tests.core.maskformer.small_models import labels as label_set
from tests.core.training.made_sets import box, made_target

# cat and rug are things, grass and sky stuff.
CODES = LabelCodes(label_set("cat", "grass", "rug", "sky"))
CAT, GRASS, RUG, SKY = range(4)
DETR = LossConfig(classes=1.0, boxes=5.0, giou=2.0, matching="boxes", no_object_partial=0.1)


def random_boxes(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    centre, size = torch.rand(*shape, 2, generator=generator), torch.rand(*shape, 2, generator=generator)
    return torch.cat((centre, 0.02 + 0.9 * size), dim=-1)


def random_truth(seed, labels, *, size=(20, 30)):
    edges = np.sort(np.random.default_rng(seed).integers(0, np.array(size) - 2, (len(labels), 2, 2)), axis=1)
    masks = np.zeros((len(labels), *size), dtype=bool)
    for mask, (low, high) in zip(masks, edges, strict=True):
        mask[low[0] : high[0] + 2, low[1] : high[1] + 2] = True
    return made_target(masks, labels)


def made_output(*, batch=2, queries=7, size=(20, 30), seed=0):
    generator = torch.Generator().manual_seed(seed)
    return MaskFormerOutput(
        torch.randn(batch, queries, 5, generator=generator),
        torch.randn(batch, queries, *size, generator=generator),
        boxes=random_boxes(batch, queries, seed=seed).requires_grad_(),
    )


def test_generalised_iou_equals_the_peers():
    first, second = random_boxes(8), random_boxes(5, seed=1)
    theirs = generalized_box_iou(corners(first), corners(second))
    torch.testing.assert_close(generalised_iou(first[:, None], second), theirs)
    torch.testing.assert_close(box_cost(first, second), (torch.cdist(first, second, p=1), 1 - theirs))


def test_generalised_iou_of_boxes_worked_out_by_hand():
    """Two unit squares with a gap of one between them: hull 3, joint 2. A point in a square has no share of it."""
    squares = torch.tensor([[0.5, 0.5, 1.0, 1.0], [2.5, 0.5, 1.0, 1.0], [0.5, 0.5, 0.0, 0.0]])
    torch.testing.assert_close(generalised_iou(squares[0], squares), torch.tensor([1.0, -1 / 3, 0.0]))


@pytest.mark.parametrize("size", [(20, 30), (7, 5), (1, 1)])
def test_the_box_of_a_mask_is_that_of_pycocotools(size):
    masks = np.random.default_rng(0).random((6, *size)) < 3 / (size[0] * size[1])
    masks[:, size[0] // 2, size[1] // 2] = True
    found = mask_boxes(ImageTruth.of(made_target(masks, [CAT] * 6)))
    theirs = coco_masks.toBbox(coco_masks.encode(np.asfortranarray(masks.transpose(1, 2, 0).astype(np.uint8))))
    height, width = size
    x, y, w, h = theirs.T
    expected = np.stack(((x + w / 2) / width, (y + h / 2) / height, w / width, h / height), axis=1)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_box_is_a_fraction_of_the_photo_without_its_padding():
    target = dataclasses.replace(made_target(box(20, 30, 2, 6, 10, 18)[None], [CAT]), real_size=(16, 24))
    expected = torch.tensor([[12 / 24, 6 / 16, 12 / 24, 8 / 16]])
    torch.testing.assert_close(mask_boxes(ImageTruth.of(target)), expected)


def test_a_box_holds_cells_that_are_half_inside_and_no_ignored_ones():
    masks = torch.tensor([[[0, 100, 140, 255, 255, 255]]], dtype=torch.uint8)
    validity = torch.tensor([[True, True, True, True, True, False]])
    truth = ImageTruth.of(made_target(np.ones((1, 1, 6), dtype=bool), [CAT]))
    cut = ImageTruth(truth.labels, masks.float() / 255 * validity, validity.float(), False, "made", (1, 6))
    left, _, right, _ = corners(mask_boxes(cut))[0].tolist()
    assert (6 * left, 6 * right) == pytest.approx((2, 5))


@pytest.mark.parametrize("seed", range(4))
def test_matching_by_boxes_is_detrs(seed):
    output = made_output(seed=seed)
    truths = [ImageTruth.of(random_truth(seed, labels)) for labels in ([CAT, GRASS, RUG, CAT], [SKY])]
    ours = BoxMatching(1.0, 5.0, 2.0)([output], truths, CODES.table).matches[0]
    peer = HungarianMatcher(class_cost=1.0, bbox_cost=5.0, giou_cost=2.0)
    targets = [{"class_labels": truth.labels, "boxes": mask_boxes(truth)} for truth in truths]
    theirs = peer({"logits": output.class_logits, "pred_boxes": output.boxes}, targets)
    for mine, (queries, chosen) in zip(ours, theirs, strict=True):
        assert (mine.queries.tolist(), mine.targets.tolist()) == (queries.tolist(), chosen.tolist())


def test_with_boxes_for_all_the_box_losses_are_detrs():
    output, targets = made_output(), (random_truth(0, [CAT, GRASS, RUG]), random_truth(1, [SKY]))
    ours = Criterion(DETR, CODES.table)(output, targets).terms
    peer = ImageLoss(HungarianMatcher(1.0, 5.0, 2.0), num_classes=4, eos_coef=0.1, losses=["boxes"])
    wanted = [{"class_labels": target.labels, "boxes": mask_boxes(ImageTruth.of(target))} for target in targets]
    theirs = peer({"logits": output.class_logits, "pred_boxes": output.boxes}, wanted)
    torch.testing.assert_close(ours["boxes"], 5 * theirs["loss_bbox"])
    torch.testing.assert_close(ours["giou"], 2 * theirs["loss_giou"])


def test_boxes_are_taught_for_things_and_never_for_stuff():
    """A thing of unknown name is one; what may be anything is not known to be."""
    output = made_output(batch=1)
    target = random_truth(0, [CAT, GRASS, CODES.any_thing, CODES.anything])
    config = LossConfig()
    losses = Criterion(config, CODES.table)(output, (target,))
    (gradient,) = torch.autograd.grad(losses.terms["boxes"] + losses.terms["giou"], output.boxes)
    truth = ImageTruth.of(target)
    (found,) = config.build_matching()([output], [truth], CODES.table).matches[0]
    taught = {int(query) for query, chosen in zip(found.queries, found.targets, strict=True) if chosen in (0, 2)}
    assert set(gradient[0].any(1).nonzero().flatten().tolist()) == taught
    things = torch.isin(found.targets, torch.tensor([0, 2]))
    wanted, told = mask_boxes(truth)[found.targets][things], output.boxes[0, found.queries][things]
    torch.testing.assert_close(losses.terms["boxes"], 5 * (told - wanted).abs().sum() / 2)
    torch.testing.assert_close(losses.terms["giou"], 2 * (1 - generalised_iou(told, wanted)).sum() / 2)


def test_an_image_without_things_teaches_no_box():
    losses = Criterion(LossConfig(), CODES.table)(made_output(batch=1), (random_truth(0, [GRASS, SKY]),))
    assert losses.terms["boxes"] == losses.terms["giou"] == 0


@pytest.mark.long
def test_each_layers_boxes_are_taught():
    last, first = made_output(seed=1), made_output(seed=2)
    targets = (random_truth(0, [CAT, RUG]), random_truth(1, [CAT]))
    criterion = Criterion(LossConfig(), CODES.table)
    both = MaskFormerOutput(last.class_logits, last.mask_logits, [first], boxes=last.boxes)
    expected = criterion(last, targets).terms["boxes"] + criterion(first, targets).terms["boxes"]
    torch.testing.assert_close(criterion(both, targets).terms["boxes"], expected)


def test_without_a_box_head_there_are_no_box_terms_and_no_matching_by_boxes():
    output = made_output(batch=1)
    plain = MaskFormerOutput(output.class_logits, output.mask_logits)
    target = random_truth(0, [CAT])
    assert set(Criterion(LossConfig(), CODES.table)(plain, (target,)).terms) == {"classes", "masks", "dice"}
    with pytest.raises(TrainingError, match="box head"):
        Criterion(DETR, CODES.table)(plain, (target,))
