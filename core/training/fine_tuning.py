"""The fast recipe: a trained model learns a new domain from a few corrected images, in half a minute or more.

The backbone stays as it is; everything behind it learns. Nothing here depends on the model's sizes.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from core.annotation.errors import TrainingError
from core.inference.precision import has_bfloat16
from core.maskformer.config import MaskClassificationConfig, ModelConfig
from core.training.augment import AugmentConfig
from core.training.config import TrainingConfig
from core.training.criterion import LossConfig
from core.training.data.images import LabelledImage
from core.training.optimisation import OptimiserConfig
from core.training.schedule import Budget, StageConfig

CPU = torch.device("cpu")
# The sides of the input between which the labels choose.
LEAST_INPUT_PX, MOST_INPUT_PX = 384, 448
INPUT_STEP_PX = 64
# How large a typical segment should be seen: some cells of the mask resolution.
SEGMENT_PX = 28.0
# Images learned from at a time; and their size in the first steps, relative to the input's.
BATCH = 4
SMALL_SHARE = 2 / 3
CROP_STEP_PX = 32
# Queries, for images with more segments than the model has.
MANY_QUERIES = 300
# What is left of a budget for the last step and for writing the model; and what learning gets at the least.
SAVING_S = 2.5
LEAST_LEARNING_S = 5.0


@dataclass(frozen=True)
class TruthSizes:
    """What the recipe wants to know of the labels.

    segment_share: the median segment's side (the root of its area) relative to its image's long side.
    most_segments: of one image.
    """

    segment_share: float
    most_segments: int

    @classmethod
    def of(cls, images: Sequence[LabelledImage]) -> TruthSizes:
        """Of labelled images, by their first reading. Raises TrainingError when no image has a segment."""
        masks = [[labelled.mask for labelled in image.readers[0]().masks] for image in images]
        shares = [mask.area**0.5 / max(mask.shape) for of_image in masks for mask in of_image if mask.area]
        if not shares:
            raise TrainingError("no image has a segment to learn from; label some, and mark their images as done")
        return cls(float(np.median(shares)), max(map(len, masks)))

    @property
    def input_px(self) -> int:
        """The long side at which a typical segment is about SEGMENT_PX wide, within limits."""
        wanted = round(SEGMENT_PX / self.segment_share / INPUT_STEP_PX) * INPUT_STEP_PX
        return min(max(wanted, LEAST_INPUT_PX), MOST_INPUT_PX)


def fine_tuning_config(
    *, model: ModelConfig, sizes: TruthSizes, seed: int = 0, device: torch.device = CPU
) -> TrainingConfig:
    """How `model` learns from labels of such sizes on `device`, which decides the precision.

    The result's `model` is what the fine-tuned one is to be built from: with MANY_QUERIES queries where an image holds
    more segments than `model` has queries (see `convert.with_queries`).
    """
    return TrainingConfig(
        model=_with_room(model, sizes.most_segments),
        # Finding what to look at is what a new domain asks for first.
        loss=LossConfig(by_quality=True, points=3.0),
        augment=AugmentConfig(scale=(0.8, 1.25)),
        optimiser=OptimiserConfig(rate=1e-3, average=0.98),
        stages=_stages(sizes.input_px),
        frozen_stages=0,
        trained_parts=("pixel_decoder", "head", "mask_classifier"),
        precision="bfloat16" if has_bfloat16(device) else "float32",
        evaluate_minutes=60.0,
        save_minutes=2.0,
        input_px=sizes.input_px,
        # A process that prepares batches takes seconds to start; preparing them takes a thirtieth of the time.
        workers=0,
        seed=seed,
    )


def _stages(input_px: int) -> tuple[StageConfig, ...]:
    """Whole images, small at first: steps cost half as much, and masks keep their size relative to the image.

    Crops of the large image would teach queries to look for masks that are too large later.
    """
    small_px = round(input_px * SMALL_SHARE / CROP_STEP_PX) * CROP_STEP_PX
    return (
        StageConfig(share=0.6, crop_px=small_px, batch=BATCH, warm_up=5, fall="constant"),
        StageConfig(share=0.4, crop_px=input_px, batch=BATCH, warm_up=0, rate=0.5, flat=0.0),
    )


def _with_room(model: ModelConfig, segments: int) -> ModelConfig:
    head = model.head
    if not isinstance(head, MaskClassificationConfig) or head.queries.queries >= min(segments, MANY_QUERIES):
        return model
    queries = dataclasses.replace(head.queries, queries=MANY_QUERIES)
    return dataclasses.replace(model, head=dataclasses.replace(head, queries=queries))


def budget_since(began: float, *, seconds: float) -> Budget:
    """What is left for learning of `seconds` that began at `began` (`time.time()`): the model is saved within them.

    A run of which loading took almost all still learns for LEAST_LEARNING_S.
    """
    left = seconds - SAVING_S - (time.time() - began)
    return Budget(minutes=max(left, LEAST_LEARNING_S) / 60)
