import dataclasses

import numpy as np
import pytest
import torch

from core.annotation.errors import ModelError
from core.annotation.mask import Mask
from core.inference.classify import MASKS_AT_ONCE, classify, scores_by_queries
from core.inference.mask_shares import mask_shares
from core.maskformer.config import PerPixelConfig
from core.maskformer.model import MaskFormer
from core.maskformer.output import MaskFormerOutput
from core.maskformer.positions import RealArea
from core.training.classifier_loss import classifier_loss
from core.training.labels import LabelCodes
from tests.core.maskformer.small_models import SMALL, small_model
from tests.core.training.made_sets import box, made_target

NAMES = {"cat", "grass", "region"}


def photo(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def masks_of(height: int, width: int) -> list[Mask]:
    boxes = [(0, 0, height, width), (0, 0, 1, 1), (height // 3, width // 4, height - 2, width // 2)]
    return [Mask.from_array(box(height, width, *edges)) for edges in boxes]


def made_model(**changes) -> MaskFormer:
    model = small_model(dataclasses.replace(SMALL, **changes)).eval()
    model.preprocessing = dataclasses.replace(model.preprocessing, long_side_px=96)
    return model


@pytest.mark.parametrize(
    "changes", [{}, {"mask_classifier": True}, {"head": PerPixelConfig()}], ids=["queries", "classifier", "per_pixel"]
)
@pytest.mark.parametrize("size", [(97, 141), (5, 3), (1, 1), (300, 40)])
def test_every_mask_gets_all_categories_best_first(changes, size):
    model = made_model(**changes)
    answers = classify(model, photo(*size), masks_of(max(size[0], 1), max(size[1], 1))[: 3 if min(size) > 4 else 2])
    for answer in answers:
        scores = [item.score for item in answer]
        assert {item.name for item in answer} == NAMES
        assert scores == sorted(scores, reverse=True)
        assert sum(scores) == pytest.approx(1, abs=1e-4)


def test_the_classifier_answers_by_the_shares_of_cells_inside():
    model, image = made_model(mask_classifier=True), photo(97, 141)
    masks = masks_of(97, 141)
    pixels = model.preprocessing.normalise(model.preprocessing.resize(image))[None]
    shares = torch.from_numpy(np.stack([mask_shares(mask, tuple(pixels.shape[2:]), 4) for mask in masks]))
    with torch.inference_mode():
        levels = model.pixel_features(pixels, RealArea.of(pixels, None)).levels
        expected = model.mask_classifier(levels, [shares]).softmax(-1)
    for answer, row in zip(classify(model, image, masks), expected, strict=True):
        named = {item.name: item.score for item in answer}
        assert named == pytest.approx(dict(zip(["cat", "grass", "region"], row.tolist(), strict=True)), abs=1e-5)


@pytest.mark.parametrize("mask_classifier", [False, True])
def test_many_masks_are_answered_as_each_alone(mask_classifier):
    model, image = made_model(mask_classifier=mask_classifier), photo(40, 60)
    masks = [Mask.from_array(box(40, 60, n // 3, n // 2, n // 3 + 2, n // 2 + 9)) for n in range(MASKS_AT_ONCE + 9)]
    together = classify(model, image, masks)
    for place in (0, MASKS_AT_ONCE - 1, MASKS_AT_ONCE, len(masks) - 1):
        alone = {item.name: item.score for item in classify(model, image, [masks[place]])[0]}
        assert {item.name: item.score for item in together[place]} == pytest.approx(alone, abs=1e-5)
    assert classify(model, image, []) == []


def made_output(masks: torch.Tensor, classes: torch.Tensor) -> MaskFormerOutput:
    """Queries that are sure of their masks (bool [Q, h, w]); classes [Q, K + 1] are probabilities."""
    return MaskFormerOutput(classes.log()[None], torch.where(masks, 12.0, -12.0)[None])


def test_a_query_answers_for_the_mask_it_fits():
    halves = torch.zeros(2, 8, 8, dtype=torch.bool)
    halves[0, :, :4] = halves[1, :, 4:] = True
    classes = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.5, 0.4]])
    scores = scores_by_queries(made_output(halves, classes), halves.float())
    expected = torch.tensor([[0.7, 0.2], [0.1, 0.5]])
    torch.testing.assert_close(scores, expected / expected.sum(1, keepdim=True), atol=1e-3, rtol=0)


def test_many_that_barely_touch_do_not_outvote_the_one_that_fits():
    masks = torch.zeros(41, 20, 20, dtype=torch.bool)
    masks[0, 5:15, 5:15] = True
    masks[1:, :6, :] = True
    classes = torch.tensor([[0.9, 0.05, 0.05]] + [[0.05, 0.9, 0.05]] * 40)
    scores = scores_by_queries(made_output(masks, classes), masks[:1].float())
    assert scores[0, 0] > 0.8


def test_a_mask_that_no_query_touches_has_even_scores():
    masks = torch.zeros(3, 8, 8, dtype=torch.bool)
    output = MaskFormerOutput(torch.randn(1, 3, 5), torch.full((1, 3, 8, 8), -200.0))
    masks[:, :2] = True
    torch.testing.assert_close(scores_by_queries(output, masks.float()), torch.full((3, 4), 0.25))


@pytest.mark.parametrize(
    ("image", "masks", "message"),
    [
        (photo(20, 30), [Mask.from_array(box(30, 20, 0, 0, 5, 5))], "mask 0 is 20×30, but the photo is 30×20"),
        (photo(20, 30), [*masks_of(20, 30), Mask.empty(20, 30)], "mask 3 is empty; leave out"),
        (photo(20, 30), [np.ones((20, 30), dtype=bool)], "mask 0 is a ndarray; encode arrays with Mask.from_array"),
        (photo(20, 30)[..., 0], [], r"uint8 \[height, width, 3\]; got uint8 \[20, 30\]"),
        (photo(20, 30) / 255, [], "got float64"),
        (np.zeros((0, 4, 3), dtype=np.uint8), [], "at least one pixel, got 4×0"),
        ("photo.jpg", [], "got str"),
    ],
)
def test_bad_input_is_refused_with_its_remedy(image, masks, message):
    with pytest.raises(ModelError, match=message):
        classify(made_model(), image, masks)


def test_a_broken_model_is_said_to_be_one():
    model = made_model(mask_classifier=True)
    model.mask_classifier.mlp[-1].bias.data.fill_(float("nan"))
    with pytest.raises(ModelError, match="not finite numbers; take a checkpoint"):
        classify(model, photo(20, 30), masks_of(20, 30))


def scene(seed: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """A red and a green square on grey noise, 64×96."""
    rng = np.random.default_rng(seed)
    image = rng.integers(60, 120, (64, 96, 3), dtype=np.uint8)
    corners = [(rng.integers(40), start + rng.integers(20)) for start in (0, 48)]
    squares = [box(64, 96, top, left, top + 20, left + 20) for top, left in corners]
    for channel, square in enumerate(squares[:: 1 if seed % 2 else -1]):
        image[square, channel] = 250
    return image, squares[:: 1 if seed % 2 else -1]


def test_a_frozen_model_learns_to_name_drawn_masks():
    model = made_model(mask_classifier=True).requires_grad_(False)
    classifier = model.mask_classifier.requires_grad_(True)
    table = LabelCodes(model.label_set).table
    optimiser = torch.optim.AdamW(classifier.parameters(), lr=3e-3)
    for step in range(30):
        image, squares = scene(step)
        pixels = model.preprocessing.normalise(image)[None]
        levels = model.pixel_features(pixels, RealArea.of(pixels, None)).levels
        assert not any(level.requires_grad for level in levels)
        target = made_target(np.stack([square[2::4, 2::4] for square in squares]), [0, 1])
        optimiser.zero_grad()
        classifier_loss(classifier, levels, [target], table).backward()
        optimiser.step()
    for seed in (100, 101, 102, 103):
        image, squares = scene(seed)
        inner = [Mask.from_array(square & np.roll(square, (6, 6), (0, 1))) for square in squares]
        assert [answer[0].name for answer in classify(model, image, inner)] == ["cat", "grass"]
