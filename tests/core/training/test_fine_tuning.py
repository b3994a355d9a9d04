import dataclasses
import os
import signal
import time

import cv2
import numpy as np
import pytest
import torch

from core.annotation.errors import TrainingError
from core.annotation.mask import Mask
from core.maskformer.config import MaskClassificationConfig, ModelConfig, PerPixelConfig
from core.training.config import TrainingConfig
from core.training.data.batches import Mixture, StepBatches
from core.training.data.images import LabelledImage, LabelledMask, Labels
from core.training.fine_tuning import LEAST_LEARNING_S, TruthSizes, budget_since, fine_tuning_config
from core.training.labels import LabelCodes
from core.training.loop import Training
from core.training.run_folder import STATE_NAME
from core.training.schedule import Budget
from core.training.state import TrainingState
from tests.core.maskformer.small_models import SMALL, small_model

SIDE = 96


@pytest.fixture
def discs(tmp_path):
    """Four photos of light discs on a dark ground, completely labelled."""
    return [disc_image(tmp_path / f"{number}.png", seed=number) for number in range(4)]


def disc_image(path, *, seed, count=3):
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 80, (SIDE, SIDE, 3), dtype=np.uint8)
    rows, columns = np.ogrid[:SIDE, :SIDE]
    masks = []
    for place in range(count):
        inside = (rows - rng.integers(20, 76)) ** 2 + (columns - 16 - 32 * place) ** 2 <= 12**2
        pixels[inside] += 120
        masks.append(LabelledMask(Mask.from_array(inside), "cat"))
    assert cv2.imwrite(str(path), pixels)
    labels = Labels(tuple(masks), None, complete=True)
    return LabelledImage(path, (lambda: labels,))


def recipe():
    """The recipe, on crops that a test can afford."""
    config = fine_tuning_config(model=SMALL, sizes=TruthSizes(0.2, 3))
    stages = tuple(dataclasses.replace(stage, crop_px=SIDE) for stage in config.stages)
    return dataclasses.replace(config, stages=stages, precision="float32")


def training(images, out, *, steps):
    config = recipe()
    model = small_model()
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name.startswith(config.trained_parts))
    batches = StepBatches(
        Mixture([(images, 1.0, "thing")]), codes=LabelCodes(model.label_set), augment=config.augment, seed=config.seed
    )
    return Training(
        model=model,
        batches=batches,
        config=config,
        budget=Budget(steps=steps),
        out=out,
        evaluate=None,
        lineage={},
    )


def test_a_few_steps_of_the_recipe_lower_the_loss_and_leave_the_backbone(tmp_path, discs):
    losses = []
    run = training(discs, tmp_path / "run", steps=30)
    before = [parameter.clone() for parameter in run.model.backbone.parameters()]
    run.run(lambda _step, _fraction, report: losses.append(report.loss))
    assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:5])
    assert all(torch.equal(old, new) for old, new in zip(before, run.model.backbone.parameters(), strict=True))


def test_a_stopped_run_of_the_recipe_goes_on_to_the_same_bit(tmp_path, discs):
    whole = training(discs, tmp_path / "whole", steps=6)
    whole.run(lambda *_: None)
    first = training(discs, tmp_path / "cut", steps=6)
    stopped = first.run(lambda step, *_: os.kill(os.getpid(), signal.SIGTERM) if step == 3 else None)
    assert stopped.interrupted
    second = training(discs, tmp_path / "cut", steps=6)
    second.load_state(TrainingState.read(tmp_path / "cut" / STATE_NAME))
    second.run(lambda *_: None)
    expected, found = (TrainingState.read(tmp_path / run / STATE_NAME).tensors for run in ("whole", "cut"))
    assert all(torch.equal(expected[name], found[name]) for name in expected)


@pytest.mark.parametrize("share", [0.001, 0.05, 0.07, 0.3, 1.0])
@pytest.mark.parametrize("segments", [1, 100, 101, 5000])
def test_the_recipe_suits_labels_of_any_size_and_survives_a_checkpoint(share, segments):
    config = fine_tuning_config(model=ModelConfig(), sizes=TruthSizes(share, segments), seed=3)
    assert TrainingConfig.from_dict(config.to_dict()) == config
    assert config.seed == 3


def test_small_segments_are_looked_at_in_more_pixels():
    assert [TruthSizes(share, 1).input_px for share in (0.5, 0.07, 0.06, 0.01)] == [384, 384, 448, 448]


def test_more_segments_than_queries_ask_for_more_queries():
    def queries(model, segments):
        return fine_tuning_config(model=model, sizes=TruthSizes(0.1, segments)).model.head.queries.queries

    assert [queries(ModelConfig(), segments) for segments in (99, 100, 101, 1000)] == [100, 100, 300, 300]
    many = dataclasses.replace(MaskClassificationConfig().queries, queries=500)
    assert queries(ModelConfig(head=MaskClassificationConfig(queries=many)), 1000) == 500
    assert fine_tuning_config(model=ModelConfig(head=PerPixelConfig()), sizes=TruthSizes(0.1, 1000)).model == (
        ModelConfig(head=PerPixelConfig())
    )


def test_sizes_are_those_of_the_median_segment(tmp_path):
    sizes = TruthSizes.of([disc_image(tmp_path / f"{count}.png", seed=count, count=count) for count in (1, 3)])
    # 441 cells have a centre within 12 of a disc's.
    assert sizes == TruthSizes(441**0.5 / SIDE, 3)


def test_images_without_a_segment_are_refused(tmp_path):
    with pytest.raises(TrainingError, match="no image has a segment"):
        TruthSizes.of([disc_image(tmp_path / "empty.png", seed=0, count=0)])


def test_a_budget_counts_what_loading_took():
    minutes = budget_since(time.time() - 10, seconds=30).minutes
    assert minutes is not None
    assert 15 < 60 * minutes < 18
    assert budget_since(time.time() - 100, seconds=30).minutes == pytest.approx(LEAST_LEARNING_S / 60)


def test_a_device_without_bfloat16_learns_in_float32():
    config = fine_tuning_config(model=ModelConfig(), sizes=TruthSizes(0.1, 1), device=torch.device("meta"))
    assert config.precision == "float32"
