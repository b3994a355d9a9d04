import pytest
import torch

from core.maskformer.build import build_model
from core.maskformer.config import (
    LearnedQueriesConfig,
    MaskClassificationConfig,
    ModelConfig,
    PerPixelConfig,
    PerPixelPlusConfig,
)
from core.maskformer.positions import RealArea
from core.training.classifier_loss import classifier_loss
from core.training.criteria import build_criterion
from core.training.criterion import LossConfig
from core.training.labels import LabelCodes
from core.training.optimisation import OptimiserConfig, build_optimiser
from core.training.step import forward_losses, normalise, train_step
from tests.core.maskformer.small_models import SMALL, SMALL_FPN, SMALL_PLAIN, labels
from tests.core.training.made_sets import disc_batch

MASKS = {"classes", "masks", "dice"}
BOXES = {"boxes", "giou"}


def with_queries(count, *, boxes=False):
    return MaskClassificationConfig(queries=LearnedQueriesConfig(count), decoder=SMALL_PLAIN, boxes=boxes)


def parts(head, loss=None, **others):
    """A model in training, and what teaches it."""
    torch.manual_seed(0)
    model = build_model(ModelConfig(pixel_decoder=SMALL_FPN, head=head, **others), labels("cat", "grass", "region"))
    return model.train(), build_criterion(loss or LossConfig(), head, LabelCodes(model.label_set).table)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize(
    ("head", "loss", "terms"),
    [
        (SMALL.head, LossConfig(), MASKS | {"points"}),
        (with_queries(12), LossConfig(), MASKS),
        (with_queries(3), LossConfig(matching="fixed"), MASKS),
        (with_queries(12, boxes=True), LossConfig(), MASKS | BOXES),
        (with_queries(12, boxes=True), LossConfig(matching="boxes"), MASKS | BOXES),
        (PerPixelConfig(), LossConfig(), {"pixels"}),
        (PerPixelPlusConfig(decoder=SMALL_PLAIN), LossConfig(), {"pixels"}),
    ],
)
def test_every_head_and_matching_learns(head, loss, terms, precision):
    """And every part of the model gets a gradient: lazily multiplied masks and autocast's caches lose none."""
    model, criterion = parts(head, loss)
    optimiser = build_optimiser(model, OptimiserConfig(rate=3e-3, backbone_rate=1e-3))
    reports = [train_step(model, criterion, optimiser, disc_batch(), precision=precision, clip=3.0) for _ in range(8)]
    assert set(reports[0].terms) == terms
    assert reports[0].loss == pytest.approx(sum(reports[0].terms.values()), rel=1e-5)
    assert min(report.loss for report in reports) < 0.8 * reports[0].loss
    assert [name for name, parameter in model.named_parameters() if parameter.grad is None] == []


def test_a_report_in_numbers_has_the_terms_among_the_others():
    model, criterion = parts(with_queries(12))
    optimiser = build_optimiser(model, OptimiserConfig())
    report = train_step(model, criterion, optimiser, disc_batch(), precision="float32", clip=3.0)
    assert list(report.numbers()) == ["loss", "classes", "masks", "dice", "gradient_norm", "left_out"]


def test_a_mask_classifier_learns_the_names_of_the_truths_masks():
    model, criterion = parts(with_queries(12), LossConfig(names=3.0), mask_classifier=True)
    batch = disc_batch()
    found = forward_losses(model, criterion, batch, "float32").terms
    pixels = normalise(batch.pixels, model)
    assert set(found) == MASKS | {"names"}
    features = model.pixel_features(pixels, RealArea.of(pixels, batch.padding_mask))
    expected = 3 * classifier_loss(model.mask_classifier, features.levels, batch.targets, criterion.table)
    torch.testing.assert_close(found["names"], expected)
