"""One step of training: forward, losses, backward, update."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from core.annotation.errors import TrainingError
from core.maskformer.model import MaskFormer
from core.maskformer.positions import RealArea
from core.training.classifier_loss import classifier_loss
from core.training.config import Precision
from core.training.criterion import Losses, LossFunction
from core.training.target import Batch


@dataclass(frozen=True)
class StepReport:
    """A step in numbers.

    loss, terms: all, and each by its name (weighted, summed over layers).   gradient_norm: before clipping.
    left_out: targets that found no query.
    """

    loss: float
    terms: Mapping[str, float]
    gradient_norm: float
    left_out: int

    def numbers(self) -> dict[str, float]:
        """Everything by name, the terms among the others."""
        others = {"gradient_norm": self.gradient_norm, "left_out": self.left_out}
        return {"loss": self.loss, **self.terms, **others}


def normalise(pixels: Tensor, model: MaskFormer) -> Tensor:
    """uint8 [B, H, W, 3] → the network's input, float32 [B, 3, H, W]."""
    mean = torch.tensor(model.preprocessing.mean, device=pixels.device)
    std = torch.tensor(model.preprocessing.std, device=pixels.device)
    return ((pixels.float() - mean) / std).permute(0, 3, 1, 2).contiguous()


def forward_losses(model: MaskFormer, criterion: LossFunction, batch: Batch, precision: Precision) -> Losses:
    """The losses of a batch, the network in `precision`, the losses in float32."""
    pixels = normalise(batch.pixels, model)
    area = RealArea.of(pixels, batch.padding_mask)
    with torch.autocast(pixels.device.type, torch.bfloat16, enabled=precision == "bfloat16"):
        features = model.pixel_features(pixels, area)
        losses = criterion(model.head(features, area), batch.targets)
        if model.mask_classifier is None:
            return losses
        names = classifier_loss(model.mask_classifier, features.levels, batch.targets, criterion.table)
    return losses.with_term("names", criterion.config.names * names)


def train_step(
    model: MaskFormer,
    criterion: LossFunction,
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
    numbers = torch.stack([losses.total, norm, *losses.terms.values()]).detach().tolist()
    return StepReport(
        loss=numbers[0],
        terms=dict(zip(losses.terms, numbers[2:], strict=True)),
        gradient_norm=numbers[1],
        left_out=losses.left_out,
    )


def _check_finite(value: Tensor, what: str, batch: Batch) -> None:
    if not torch.isfinite(value):
        raise TrainingError(
            f"the {what} is {float(value)} on the images {', '.join(batch.names)}; nothing was changed: "
            "lower the learning rate, or look at these images and their masks"
        )
