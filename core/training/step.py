"""One step of training: forward, losses, backward, update."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.annotation.errors import TrainingError
from core.maskformer.model import MaskFormer
from core.training.config import Precision
from core.training.criterion import Criterion, Losses
from core.training.target import Batch


@dataclass(frozen=True)
class StepReport:
    """Losses of a step as numbers (weighted, summed over layers), and the gradient's norm before clipping."""

    loss: float
    classes: float
    masks: float
    dice: float
    points: float
    gradient_norm: float
    left_out: int


def normalise(pixels: Tensor, model: MaskFormer) -> Tensor:
    """uint8 [B, H, W, 3] → the network's input, float32 [B, 3, H, W]."""
    mean = torch.tensor(model.preprocessing.mean, device=pixels.device)
    std = torch.tensor(model.preprocessing.std, device=pixels.device)
    return ((pixels.float() - mean) / std).permute(0, 3, 1, 2).contiguous()


def forward_losses(model: MaskFormer, criterion: Criterion, batch: Batch, precision: Precision) -> Losses:
    """The losses of a batch, the network in `precision`, the losses in float32."""
    with torch.autocast(batch.pixels.device.type, torch.bfloat16, enabled=precision == "bfloat16"):
        output = model(normalise(batch.pixels, model), batch.padding_mask)
    return criterion(output, batch.targets)


def train_step(
    model: MaskFormer,
    criterion: Criterion,
    optimiser: torch.optim.Optimizer,
    batch: Batch,
    *,
    precision: Precision,
    clip: float,
) -> StepReport:
    """Learn from one batch.

    Raises TrainingError, and leaves the weights as they were, when the loss or the gradient is not finite.
    """
    losses = forward_losses(model, criterion, batch, precision)
    _check_finite(losses.total, "loss", batch)
    optimiser.zero_grad(set_to_none=True)
    torch.autograd.backward(losses.total)
    trained = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    norm = torch.nn.utils.clip_grad_norm_(trained, clip)
    _check_finite(norm, "gradient", batch)
    optimiser.step()
    return StepReport(
        loss=float(losses.total.detach()),
        classes=float(losses.classes.detach()),
        masks=float(losses.masks.detach()),
        dice=float(losses.dice.detach()),
        points=float(losses.points.detach()),
        gradient_norm=float(norm),
        left_out=losses.left_out,
    )


def _check_finite(value: Tensor, what: str, batch: Batch) -> None:
    if not torch.isfinite(value):
        raise TrainingError(
            f"the {what} is {float(value)} on the images {', '.join(batch.names)}; nothing was changed: "
            "lower the learning rate, or look at these images and their masks"
        )
