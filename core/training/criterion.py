"""The loss of MaskFormer (Cheng et al. 2021, section 3.2) with deep supervision, partial labels and ignored pixels.

Each layer's output has its own matching; the terms are summed over the layers.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.annotation.errors import TrainingError
from core.maskformer.output import MaskFormerOutput, mask_product
from core.training.labels import log_probability
from core.training.masks import PixelLoss, dice_loss, mask_iou, pixel_loss
from core.training.matcher import Matcher, Matches
from core.training.points_loss import point_loss
from core.training.target import Target


@dataclass(frozen=True)
class LossConfig:
    """Weights of the terms, in the loss and in the matching alike.

    no_object, no_object_partial: the weight of "no object" in the cross-entropy on images labelled
        completely, and on those where what is unlabelled is unknown.
    earlier_layers: of the losses of all layers but the last; 0 leaves them out.
    by_quality: a matched query is taught its label as far as its mask is right (by IoU with the target), and
        "no object" for the rest, so that its score says how good its mask is; else the label alone, as in the paper.
    points: of the heat map, for models that have one.   points_partial: of its background on partly labelled images.
    matching_pool: see `Matcher.pool`.
    """

    classes: float = 2.0
    masks: float = 5.0
    dice: float = 5.0
    mask_loss: PixelLoss = "bce"
    no_object: float = 0.1
    no_object_partial: float = 0.05
    earlier_layers: float = 1.0
    by_quality: bool = False
    points: float = 1.0
    points_partial: float = 0.3
    matching_pool: int = 2

    def __post_init__(self) -> None:
        if self.mask_loss not in ("bce", "focal"):
            raise TrainingError(f"mask_loss is 'bce' or 'focal', got {self.mask_loss!r}")
        weights = (self.classes, self.masks, self.dice, self.points, self.earlier_layers)
        if min(weights) < 0 or self.classes + self.masks + self.dice == 0:
            raise TrainingError(f"loss weights are 0 or more and not all 0, got {self}")
        if self.matching_pool < 1:
            raise TrainingError(f"matching_pool is a whole number from 1, got {self.matching_pool}")

    def matcher(self) -> Matcher:
        """The matcher with the loss's weights."""
        return Matcher(self.classes, self.masks, self.dice, self.mask_loss, self.matching_pool)


@dataclass(frozen=True, eq=False)
class Losses:
    """Scalars, weighted and summed over layers, and how many targets found no query in the last layer."""

    classes: Tensor
    masks: Tensor
    dice: Tensor
    points: Tensor
    left_out: int

    @property
    def total(self) -> Tensor:
        """What the training minimises."""
        return self.classes + self.masks + self.dice + self.points


class Criterion:
    """Losses of a batch; `allowed` is the label table of `LabelCodes`, on the model's device."""

    def __init__(self, config: LossConfig, allowed: Tensor) -> None:
        self.config = config
        self.matcher = config.matcher()
        self.allowed = allowed

    def __call__(self, output: MaskFormerOutput, targets: tuple[Target, ...]) -> Losses:
        """The losses of a forward pass. Raises TrainingError on logits that are not finite."""
        truth = _Truth(targets)
        terms, left_out = self._layer(output, truth)
        if self.config.earlier_layers > 0:
            earlier = torch.stack([self._layer(layer, truth)[0] for layer in output.auxiliary] or [0 * terms])
            terms = terms + self.config.earlier_layers * earlier.sum(0)
        classes, masks, dice = terms
        points = masks.new_zeros(())
        if output.point_logits is not None:
            points = self.config.points * point_loss(output.point_logits.float(), targets, self.config.points_partial)
        return Losses(classes, masks, dice, points, left_out)

    def _layer(self, output: MaskFormerOutput, truth: _Truth) -> tuple[Tensor, int]:
        """The weighted terms of one layer, float32 [3] (classes, masks, dice), and the targets left out."""
        matches = self.matcher.match(output, truth.targets, self.allowed)
        logits_MP, targets_MP, valid_MP = _pairs(output, truth, matches)
        masks = pixel_loss(logits_MP, targets_MP, valid_MP, self.config.mask_loss).sum() / truth.mask_count
        dice = dice_loss(logits_MP, targets_MP, valid_MP).sum() / truth.mask_count
        worth_M = (
            mask_iou(logits_MP, targets_MP, valid_MP) if self.config.by_quality else masks.new_ones(len(logits_MP))
        )
        classes = self._class_loss(output.class_logits.float(), truth.targets, matches, worth_M)
        weighted = torch.stack((self.config.classes * classes, self.config.masks * masks, self.config.dice * dice))
        return weighted, sum(match.left_out for match in matches)

    def _class_loss(
        self, class_logits_BQK: Tensor, targets: tuple[Target, ...], matches: list[Matches], worth_M: Tensor
    ) -> Tensor:
        """Cross-entropy, the weighted mean over all queries of the batch; worth_M in 0..1 is the label's share."""
        no_object = class_logits_BQK.shape[-1] - 1
        labels_BQ = torch.full(class_logits_BQK.shape[:2], no_object, device=class_logits_BQK.device)
        weights_BQ = torch.empty(class_logits_BQK.shape[:2], device=class_logits_BQK.device)
        worth_BQ = torch.ones_like(weights_BQ)
        worths = torch.split(worth_M, [len(match.queries) for match in matches])
        for place, (target, match, worth) in enumerate(zip(targets, matches, worths, strict=True)):
            weights_BQ[place] = self.config.no_object if target.complete else self.config.no_object_partial
            labels_BQ[place, match.queries] = target.labels[match.targets]
            weights_BQ[place, match.queries] = 1.0
            worth_BQ[place, match.queries] = worth
        loss_BQ = -worth_BQ * log_probability(class_logits_BQK, self.allowed[labels_BQ])
        if self.config.by_quality:
            loss_BQ = loss_BQ - (1 - worth_BQ) * class_logits_BQK.log_softmax(-1)[..., no_object]
        return (weights_BQ * loss_BQ).sum() / weights_BQ.sum()


class _Truth:
    """What all layers share: the targets, their masks as floats, and their number (at least 1)."""

    def __init__(self, targets: tuple[Target, ...]) -> None:
        self.targets = targets
        self.coverage = [target.coverage().flatten(1) for target in targets]
        self.validity = [target.validity.flatten().float() for target in targets]
        self.mask_count = max(1, sum(len(target.labels) for target in targets))


def _pairs(output: MaskFormerOutput, truth: _Truth, matches: list[Matches]) -> tuple[Tensor, Tensor, Tensor]:
    """Logits, targets and validity of the matched pairs of all images, each [M, P]."""
    logits, targets, valid = [], [], []
    for place, match in enumerate(matches):
        embeddings = output.mask_embeddings[place : place + 1, match.queries]
        features = output.mask_features[place : place + 1]
        logits.append(mask_product(embeddings, features)[0].flatten(1))
        targets.append(truth.coverage[place][match.targets])
        valid.append(truth.validity[place].expand(len(match.queries), -1))
    return torch.cat(logits), torch.cat(targets), torch.cat(valid)
