"""A tiny training that tests run alone, in parts, or under torchrun: `-m tests.core.training.together DATA OUT`."""

import dataclasses
import json
import sys
from pathlib import Path

import torch

from core.training.augment import AugmentConfig
from core.training.config import TrainingConfig
from core.training.criterion import LossConfig
from core.training.data.batches import Mixture, StepBatches
from core.training.data.sources import SourceConfig, read_data_set
from core.training.distributed import join_team
from core.training.labels import LabelCodes
from core.training.loop import Outcome, Training
from core.training.optimisation import OptimiserConfig
from core.training.schedule import Budget, StageConfig
from tests.core.maskformer.small_models import SMALL_PAPER, small_model

STEPS = 3
# None of the points is chosen by its uncertainty: which candidate is the last one chosen can hang on a rounding error.
CONFIG = TrainingConfig(
    loss=LossConfig(mask_points=40, mask_uncertain=0.0, by_quality=True),
    optimiser=OptimiserConfig(rate=1e-4, clip=0.5),
    stages=(StageConfig(crop_px=64, batch=4, warm_up=2), StageConfig(crop_px=96, batch=5, warm_up=0)),
    precision="float32",
    workers=0,
    save_minutes=0.0,
)


def in_parts(count: int) -> TrainingConfig:
    return dataclasses.replace(CONFIG, optimiser=dataclasses.replace(CONFIG.optimiser, accumulate=count))


def learn(data: Path, out: Path, config: TrainingConfig = CONFIG) -> Outcome:
    """Train, alone or as one of torchrun's processes; each writes what it was told to a file of its own."""
    images = read_data_set(data, SourceConfig()).images
    # Learned queries and no masked attention: a rounding error must not decide where a query starts or looks.
    model = small_model(SMALL_PAPER)
    batches = StepBatches(
        Mixture([(images, 1.0, "thing")]),
        codes=LabelCodes(model.label_set),
        augment=AugmentConfig(),
        seed=config.seed,
    )
    told = []
    with join_team(torch.device("cpu")) as team:
        training = Training(
            model=model,
            batches=batches,
            config=config,
            budget=Budget(steps=STEPS),
            out=out,
            evaluate=lambda judged: {"ar": float(team.rank)},
            lineage={},
            team=team,
        )
        outcome = training.run(lambda step, fraction, report: told.append(report.numbers()))
        (out / f"told-{team.rank}.json").write_text(json.dumps(told))
        return outcome


if __name__ == "__main__":
    learn(Path(sys.argv[1]), Path(sys.argv[2]))
