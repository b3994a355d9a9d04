import pytest
import torch

from core.annotation.errors import TrainingError
from core.maskformer.config import LearnedQueriesConfig, MaskClassificationConfig, PerPixelConfig, PerPixelPlusConfig
from core.training.criteria import build_criterion
from core.training.criterion import Criterion, LossConfig
from core.training.labels import LabelCodes
from core.training.per_pixel_criterion import PerPixelCriterion
from tests.core.maskformer.small_models import labels as label_set

CODES = LabelCodes(label_set("cat", "grass", "rug"))
THREE = MaskClassificationConfig(queries=LearnedQueriesConfig(3))


@pytest.mark.parametrize("head", [PerPixelConfig(), PerPixelPlusConfig()])
def test_per_pixel_heads_are_taught_pixel_by_pixel(head):
    assert isinstance(build_criterion(LossConfig(), head, CODES.table), PerPixelCriterion)


def test_mask_classification_is_taught_by_masks():
    assert isinstance(build_criterion(LossConfig(), MaskClassificationConfig(), CODES.table), Criterion)
    assert isinstance(build_criterion(LossConfig(matching="fixed"), THREE, CODES.table), Criterion)
    boxes = MaskClassificationConfig(boxes=True)
    assert isinstance(build_criterion(LossConfig(matching="boxes"), boxes, CODES.table), Criterion)


@pytest.mark.parametrize(
    ("matching", "head", "message"),
    [
        ("fixed", MaskClassificationConfig(), "N = 100 queries and K = 3 categories"),
        ("boxes", THREE, "give it boxes"),
        ("fixed", PerPixelPlusConfig(), "pixel by pixel"),
    ],
)
def test_heads_that_cannot_be_matched_as_configured_are_refused(matching, head, message):
    with pytest.raises(TrainingError, match=message):
        build_criterion(LossConfig(matching=matching), head, CODES.table)


def test_the_table_says_which_labels_are_things():
    assert CODES.table.things.tolist() == [True, False, True, False, True, False]
    assert CODES.table.categories == 3
    assert torch.equal(CODES.table.to(torch.device("cpu")).allowed, CODES.allowed)
