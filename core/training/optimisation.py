"""AdamW with parameter groups, and the running average of the weights."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from core.annotation.errors import TrainingError
from core.maskformer.model import MaskFormer


@dataclass(frozen=True)
class OptimiserConfig:
    """rate, backbone_rate: peak learning rates.

    weight_decay: for matrices and filters; norms, biases and embeddings have none.
    clip: largest norm of the whole gradient.   average: decay of the running average per step.
    accumulate: parts in which a batch passes the network, one after the other: less memory, the same losses.
    """

    rate: float = 6e-4
    backbone_rate: float = 1e-4
    weight_decay: float = 0.05
    betas: tuple[float, float] = (0.9, 0.98)
    clip: float = 3.0
    average: float = 0.998
    accumulate: int = 1

    def __post_init__(self) -> None:
        if not (self.rate > 0 and self.backbone_rate >= 0 and self.weight_decay >= 0 and self.clip > 0):
            raise TrainingError(f"rates and the clip norm are above 0, the weight decay is not below, got {self}")
        if not all(0 <= value < 1 for value in (*self.betas, self.average)):
            raise TrainingError(f"betas and average lie from 0 to below 1, got {self.betas} and {self.average}")
        if not isinstance(self.accumulate, int) or self.accumulate < 1:
            raise TrainingError(
                f"accumulate is a whole number of parts from 1 (the batch as one), got {self.accumulate}"
            )


def build_optimiser(model: MaskFormer, config: OptimiserConfig) -> torch.optim.AdamW:
    """AdamW over the trainable parameters; a group's `peak` is the rate that the schedule scales."""
    decayed = {id(module.weight) for module in model.modules() if isinstance(module, nn.Linear | nn.Conv2d)}
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        rate = config.backbone_rate if name.startswith("backbone.") else config.rate
        decay = config.weight_decay if id(parameter) in decayed else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    if not groups:
        raise TrainingError("every part of the model is frozen; leave at least one part to train")
    return torch.optim.AdamW(
        [
            {"params": parameters, "lr": rate, "peak": rate, "weight_decay": decay}
            for (rate, decay), parameters in groups.items()
        ],
        betas=config.betas,
    )


def set_rate(optimiser: torch.optim.Optimizer, factor: float) -> None:
    """Every group's learning rate becomes `factor` of its peak."""
    for group in optimiser.param_groups:
        group["lr"] = group["peak"] * factor


class RunningAverage:
    """An exponential average of a model's parameters, held as a model in evaluation mode.

    Early on it averages over fewer steps than the decay asks for, or the first weights would stay too long.
    """

    def __init__(self, model: MaskFormer, decay: float) -> None:
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, model: MaskFormer, step: int) -> None:
        """Take in the weights after `step` steps."""
        decay = min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(_parameters(self.model), _parameters(model), 1 - decay)


def _parameters(model: nn.Module) -> list[Tensor]:
    return [parameter.detach() for parameter in model.parameters()]
