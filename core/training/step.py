"""One step of training: forward, losses, backward, update."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from core.annotation.errors import TrainingError
from core.maskformer.config import MaskClassificationConfig
from core.maskformer.model import MaskFormer
from core.maskformer.positions import RealArea
from core.training.classifier_loss import classifier_loss
from core.training.config import Precision
from core.training.counts import Counts
from core.training.criterion import Losses, LossFunction
from core.training.distributed import Team
from core.training.target import Batch

DTYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16}
# Below this a float16 gradient that still overflows is no matter of the scale.
LEAST_SCALE = 2.0**-10


@dataclass(frozen=True)
class StepReport:
    """A step in numbers.

    loss, terms: all, and each by its name (weighted, summed over layers), of the whole batch.
    gradient_norm: before clipping.   left_out: targets that found no query, `targets` of them there were.
    images: in the batch.
    """

    loss: float
    terms: Mapping[str, float]
    gradient_norm: float
    left_out: int
    targets: int
    images: int

    def numbers(self) -> dict[str, float]:
        """Everything a journal shows of a step by name, the terms among the others."""
        others = {"gradient_norm": self.gradient_norm, "left_out": self.left_out}
        return {"loss": self.loss, **self.terms, **others}


def normalise(pixels: Tensor, model: MaskFormer) -> Tensor:
    """uint8 [B, H, W, 3] → the network's input, float32 [B, 3, H, W]."""
    mean = torch.tensor(model.preprocessing.mean, device=pixels.device)
    std = torch.tensor(model.preprocessing.std, device=pixels.device)
    return ((pixels.float() - mean) / std).permute(0, 3, 1, 2).contiguous()


def forward_losses(
    model: MaskFormer, criterion: LossFunction, batch: Batch, precision: Precision, whole: Counts | None = None
) -> Losses:
    """The losses of a batch, the network in `precision`, the losses in float32.

    whole: the counts of the batch that this one is a part of; None: it is all of it.
    """
    pixels = normalise(batch.pixels, model)
    area = RealArea.of(pixels, batch.padding_mask)
    dtype = DTYPES.get(precision, torch.bfloat16)
    with torch.autocast(pixels.device.type, dtype, enabled=precision in DTYPES):
        features = model.pixel_features(pixels, area)
        losses = criterion(model.head(features, area), batch.targets, whole)
        if model.mask_classifier is None:
            return losses
        asked = None if whole is None else whole.names
        names = classifier_loss(model.mask_classifier, features.levels, batch.targets, criterion.table, asked)
    return losses.with_term("names", criterion.config.names * names)


class _Losses(nn.Module):
    """`forward_losses` as a module's forward pass, which is what DistributedDataParallel wraps."""

    def __init__(self, model: MaskFormer, criterion: LossFunction, precision: Precision) -> None:
        super().__init__()
        self.model = model
        self.criterion = criterion
        self.precision = precision

    def forward(self, batch: Batch, whole: Counts) -> tuple[dict[str, Tensor], int]:
        """The fields of `Losses`, in containers that the wrapper looks into."""
        losses = forward_losses(self.model, self.criterion, batch, self.precision, whole)
        return dict(losses.terms), losses.left_out


class Learner:
    """A model that learns batch by batch, alone or in a team.

    precision: of the network.   clip: largest norm of the gradient.   accumulate: parts in which a batch passes the
    network, one after the other: less memory, the same losses.   scaler: for float16, whose small gradients would
    vanish; disabled for other precisions.
    """

    def __init__(
        self,
        *,
        model: MaskFormer,
        criterion: LossFunction,
        optimiser: torch.optim.Optimizer,
        precision: Precision,
        clip: float,
        accumulate: int = 1,
        team: Team | None = None,
    ) -> None:
        if precision == "float16" and model.device.type != "cuda":
            raise TrainingError(
                f"float16 needs a CUDA device: on {model.device.type} it is slow and small gradients vanish; "
                "choose bfloat16 or float32"
            )
        self.model = model
        self.criterion = criterion
        self.optimiser = optimiser
        self.clip = clip
        self.accumulate = accumulate
        self.team = team or Team()
        self.scaler = torch.amp.GradScaler(model.device.type, enabled=precision == "float16")
        self._losses = _Losses(model, criterion, precision)
        self._wrapped: nn.Module = self._losses if self.team.size == 1 else _distributed(self._losses, model.device)

    def leave_team(self) -> None:
        """Let go of the other processes after the last batch: threads that exchange end before the process does."""
        self._wrapped = self._losses

    def count(self, batch: Batch) -> Counts:
        """What this process's share of a batch adds to the counts of the whole. Fast for batches on the CPU."""
        return self.criterion.count(batch.targets, _queries(self.model))

    def learn(self, batch: Batch, whole: Counts) -> StepReport:
        """Learn from this process's share of a batch, on any device; whole: the counts of all of it.

        Raises TrainingError, and leaves the weights as they were, when the loss or the gradient is not finite.
        """
        self.optimiser.zero_grad(set_to_none=True)
        parts = batch.parts(self.accumulate)
        sums, left_out = self._backward(parts, whole)
        self.scaler.unscale_(self.optimiser)
        trained = [parameter for group in self.optimiser.param_groups for parameter in group["params"]]
        norm = torch.nn.utils.clip_grad_norm_(trained, self.clip)
        # One copy to the host for everything that is looked at before the weights may change.
        gradient_norm, *terms = torch.stack([norm.to(torch.float32), *sums.values()]).tolist()
        totals = self.team.summed([left_out, len(batch.names), sum(len(t.labels) for t in batch.targets), *terms])
        report = StepReport(
            loss=sum(totals[3:]),
            terms=dict(zip(sums, totals[3:], strict=True)),
            gradient_norm=gradient_norm,
            left_out=int(totals[0]),
            images=int(totals[1]),
            targets=int(totals[2]),
        )
        _check_finite(sum(terms), "loss", batch)
        if not self.scaler.is_enabled() or self.scaler.get_scale() < LEAST_SCALE:
            _check_finite(gradient_norm, "gradient", batch)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        return report

    def _backward(self, parts: Sequence[Batch], whole: Counts) -> tuple[dict[str, Tensor], int]:
        """Gradients of all parts; the terms' sums, and how many targets found no query."""
        sums: dict[str, Tensor] = {}
        left_out = 0
        for number, part in enumerate(parts):
            with self._gradients_kept(number < len(parts) - 1):
                losses = Losses(*self._wrapped(part.to(self.model.device), whole))
                # The processes' gradients are averaged, but their losses are parts of a sum.
                torch.autograd.backward(self.scaler.scale(losses.total * self.team.size))
            for name, term in losses.terms.items():
                sums[name] = sums[name] + term.detach() if name in sums else term.detach()
            left_out += losses.left_out
        return sums, left_out

    def _gradients_kept(self, more: bool) -> AbstractContextManager[None]:
        """While more parts follow, the processes' gradients are not exchanged yet."""
        if more and isinstance(self._wrapped, DistributedDataParallel):
            kept: AbstractContextManager[None] = self._wrapped.no_sync()
            return kept
        return nullcontext()


def train_step(
    model: MaskFormer,
    criterion: LossFunction,
    optimiser: torch.optim.Optimizer,
    batch: Batch,
    *,
    precision: Precision,
    clip: float,
) -> StepReport:
    """Learn from one batch alone.

    Raises TrainingError, and leaves the weights as they were, when the loss or the gradient is not finite.
    """
    learner = Learner(model=model, criterion=criterion, optimiser=optimiser, precision=precision, clip=clip)
    return learner.learn(batch, learner.count(batch))


def _distributed(losses: nn.Module, device: torch.device) -> nn.Module:
    # A share without a mask leaves the mask head unused, which the other processes must not wait for.
    return DistributedDataParallel(
        losses, device_ids=[device] if device.type == "cuda" else None, find_unused_parameters=True
    )


def _queries(model: MaskFormer) -> int:
    head = model.config.head
    return head.queries.queries if isinstance(head, MaskClassificationConfig) else len(model.label_set)


def _check_finite(value: float, what: str, batch: Batch) -> None:
    if not -float("inf") < value < float("inf"):
        raise TrainingError(
            f"the {what} is {value} on the images {', '.join(batch.names)}; nothing was changed: "
            "lower the learning rate, or look at these images and their masks"
        )
