import torch

from app.workflows.learning.memory import LEAST_CROP_PX, attempts
from core.training.config import TrainingConfig
from core.training.schedule import StageConfig

CONFIG = TrainingConfig(stages=(StageConfig(share=2, crop_px=384, batch=6), StageConfig(crop_px=448, batch=2)))


def test_a_cpu_has_one_way_to_learn():
    (only,) = attempts(CONFIG, torch.device("cpu"))
    assert (only.config, only.words) == (CONFIG, "")


def test_a_gpu_without_memory_gets_smaller_batches_then_crops_then_the_cpu_takes_over():
    first, *others, last = attempts(CONFIG, torch.device("cuda"))
    assert (first.config, first.words) == (CONFIG, "")
    sizes = [(stage.batch, stage.crop_px) for attempt in others for stage in attempt.config.stages[:1]]
    assert sizes == [(3, 384), (1, 384), (1, 288), (1, 192), (1, 192)]
    assert {attempt.device.type for attempt in others} == {"cuda"}
    assert all("memory is too small" in attempt.words for attempt in [*others, last])
    assert (last.config, last.device.type) == (CONFIG, "cpu")
    for attempt in others:
        assert all(LEAST_CROP_PX <= stage.crop_px <= 448 for stage in attempt.config.stages)
        assert [stage.share for stage in attempt.config.stages] == [2, 1]


def test_crops_that_are_small_already_stay_as_they_are():
    small = TrainingConfig(stages=(StageConfig(crop_px=64, batch=1),))
    assert [attempt.device.type for attempt in attempts(small, torch.device("cuda"))] == ["cuda", "cpu"]
