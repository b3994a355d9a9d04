"""What to try when a GPU's memory does not suffice: smaller batches, then smaller inputs, then the CPU."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from core.training.config import TrainingConfig
from core.training.schedule import StageConfig

# Inputs below this show too little of a photo to learn from.
LEAST_CROP_PX = 192


@dataclass(frozen=True)
class Attempt:
    """A way to train; `words` says how it differs from what was wanted, "" when it does not."""

    config: TrainingConfig
    device: torch.device
    words: str


def attempts(config: TrainingConfig, device: torch.device) -> Iterator[Attempt]:
    """The ways to try in turn, each after the one before ran out of memory; a CPU has one."""
    yield Attempt(config, device, "")
    if device.type == "cpu":
        return
    smaller = config
    while (halved := _halved_batch(smaller)) != smaller:
        smaller = halved
        yield Attempt(smaller, device, f"the GPU's memory is too small; trying batches of {smaller.stages[0].batch}")
    while (halved := _smaller_crop(smaller)) != smaller:
        smaller = halved
        yield Attempt(smaller, device, f"the GPU's memory is too small; trying crops of {smaller.stages[0].crop_px} px")
    yield Attempt(config, torch.device("cpu"), "the GPU's memory is too small; learning on the CPU")


def _halved_batch(config: TrainingConfig) -> TrainingConfig:
    return _with_stages(config, [dataclasses.replace(one, batch=max(1, one.batch // 2)) for one in config.stages])


def _smaller_crop(config: TrainingConfig) -> TrainingConfig:
    def crop_px(stage: StageConfig) -> int:
        return min(stage.crop_px, max(LEAST_CROP_PX, stage.crop_px * 3 // 4 // 32 * 32))

    return _with_stages(config, [dataclasses.replace(one, crop_px=crop_px(one)) for one in config.stages])


def _with_stages(config: TrainingConfig, stages: list[StageConfig]) -> TrainingConfig:
    return dataclasses.replace(config, stages=tuple(stages))
