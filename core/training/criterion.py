"""The loss of MaskFormer (Cheng et al. 2021, section 3.2) with deep supervision, partial labels and ignored pixels.

Each layer's output has its own matching; the terms are summed over the layers. Two things couple the images of a
batch, as in the paper: mask and box terms are divided by the number of matched targets in the batch, and the class
term by the batch's sum of weights. Matching is an image's own.

Ignored cells enter nothing. Targets beyond the number of queries are neither positive nor negative: they are counted,
their cells are unknown to the masks that do not hold them, and the losses are divided by the others' number.

In an image in work, a query that shows a mask a person rejected is taught "no object" as in a complete image. What it
weighs more is no part of the divisor, which is known before the forward pass: it adds to the loss and dilutes nothing.

Legend: L layers, B images, Q queries.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Literal, Protocol

import torch
from torch import Tensor

from core.annotation.errors import TrainingError
from core.maskformer.output import MaskFormerOutput
from core.training.assignment import Matching
from core.training.box_loss import BoxLoss
from core.training.box_matching import BoxMatching
from core.training.class_loss import ClassLoss
from core.training.counts import Counts, TargetCounter
from core.training.fixed_matching import FixedMatching
from core.training.labels import LabelTable
from core.training.mask_loss import MaskLoss
from core.training.masks import PixelLoss
from core.training.matcher import MaskMatching
from core.training.points_loss import point_loss
from core.training.rejected_masks import rejected_queries
from core.training.sampled_points import PointSampling
from core.training.target import Target
from core.training.truth import ImageTruth

# Where every query weighs nothing, so does the loss: any divisor above 0 will do.
LEAST_WEIGHT = 1e-30

MatchingKind = Literal["hungarian", "fixed", "boxes"]


@dataclass(frozen=True)
class LossConfig:
    """Weights of the terms, in the loss and in the matching alike.

    matching: "hungarian" on classes and masks; "fixed", query k answers for category k; "boxes", on classes and boxes.
    no_object, no_object_partial: the weight of "no object" in the cross-entropy on images labelled
        completely, and on those where what is unlabelled is unknown.
    earlier_layers: of the losses of all layers but the last; 0 leaves them out.
    by_quality: a matched query is taught its label as far as its mask is right (by IoU with the target), and
        "no object" for the rest, so that its score says how good its mask is; else the label alone, as in the paper.
    boxes, giou: of the boxes' L1 distance and generalised IoU, for models that have a box head. Boxes are taught for
        things alone (Li et al. 2023, Mask DINO); with matching "boxes" for stuff too, which is matched by them.
    points: of the heat map, for models that have one.   points_partial: of its background on partly labelled images.
    pixels: of the cross-entropy of per-pixel heads, whose only term it is.
    names: of the names of the truth's masks, for models that have a mask classifier.
    matching_pool: see `MaskMatching.pool`.
    mask_points: at how many points masks are compared, in the loss and in the matching; 0: at every cell.
    mask_oversample, mask_uncertain: see `PointSampling`.
    """

    classes: float = 2.0
    masks: float = 5.0
    dice: float = 5.0
    mask_loss: PixelLoss = "bce"
    matching: MatchingKind = "hungarian"
    no_object: float = 0.1
    no_object_partial: float = 0.05
    earlier_layers: float = 1.0
    by_quality: bool = False
    boxes: float = 5.0
    giou: float = 2.0
    points: float = 1.0
    points_partial: float = 0.3
    pixels: float = 1.0
    names: float = 1.0
    matching_pool: int = 2
    mask_points: int = 0
    mask_oversample: float = 3.0
    mask_uncertain: float = 0.75

    def __post_init__(self) -> None:
        if self.mask_loss not in ("bce", "focal"):
            raise TrainingError(f"mask_loss is 'bce' or 'focal', got {self.mask_loss!r}")
        if self.matching not in ("hungarian", "fixed", "boxes"):
            raise TrainingError(f"matching is 'hungarian', 'fixed' or 'boxes', got {self.matching!r}")
        weights = (self.classes, self.masks, self.dice, self.boxes, self.giou, self.points, self.pixels, self.names)
        shares = (self.no_object, self.no_object_partial, self.points_partial, self.earlier_layers)
        if not all(isinstance(value, Real) and math.isfinite(value) for value in (*weights, *shares)):
            raise TrainingError(f"loss weights are finite numbers, got {self}")
        if min(*weights, *shares) < 0 or self.classes + self.masks + self.dice == 0:
            raise TrainingError(f"loss weights are 0 or more and not all 0, got {self}")
        if not isinstance(self.matching_pool, int) or self.matching_pool < 1:
            raise TrainingError(f"matching_pool is a whole number from 1, got {self.matching_pool}")
        if not isinstance(self.mask_points, int) or self.mask_points < 0:
            raise TrainingError(f"mask_points is a whole number from 0 (every cell), got {self.mask_points}")
        PointSampling(max(1, self.mask_points), self.mask_oversample, self.mask_uncertain)

    @property
    def sampling(self) -> PointSampling | None:
        """Where masks are compared; None: at every cell."""
        return PointSampling(self.mask_points, self.mask_oversample, self.mask_uncertain) if self.mask_points else None

    def build_matching(self) -> Matching:
        """The matching with the loss's weights."""
        if self.matching == "fixed":
            return FixedMatching()
        if self.matching == "boxes":
            return BoxMatching(self.classes, self.boxes, self.giou)
        return MaskMatching(
            self.classes, self.masks, self.dice, self.mask_loss, pool=self.matching_pool, points=self.sampling
        )


@dataclass(frozen=True, eq=False)
class Losses:
    """terms: scalars by name, weighted and summed over layers.   left_out: targets that found no query at the end."""

    terms: Mapping[str, Tensor]
    left_out: int

    @property
    def total(self) -> Tensor:
        """What the training minimises."""
        return torch.stack(list(self.terms.values())).sum()

    def with_term(self, name: str, loss: Tensor) -> Losses:
        """The same and one more term, already weighted."""
        return replace(self, terms={**self.terms, name: loss})


class LossFunction(Protocol):
    """What a head is taught by; `table` is that of `LabelCodes`, on the model's device."""

    config: LossConfig
    table: LabelTable

    def count(self, targets: Sequence[Target], queries: int) -> Counts:
        """What images with these targets add to the counts of their batch. Fast on the CPU."""

    def __call__(self, output: MaskFormerOutput, targets: tuple[Target, ...], whole: Counts | None = None) -> Losses:
        """The losses of a forward pass. Raises TrainingError on outputs that cannot be learned from.

        whole: the counts of the batch that these images are a part of; None: they are all of it.
        """


def check_batch(output: MaskFormerOutput, targets: tuple[Target, ...]) -> None:
    """Raise TrainingError unless there is a target for each image of the output."""
    if len(targets) != len(output.class_logits):
        raise TrainingError(f"{len(output.class_logits)} images have {len(targets)} targets; give one an image")


class Criterion:
    """Losses of a batch for heads of mask classification.

    Terms: classes, masks, dice; boxes and giou of outputs with boxes; points of outputs with a heat map.
    Call it under the forward pass's autocast: masks that are not computed yet need it. All losses are float32.
    """

    def __init__(self, config: LossConfig, table: LabelTable) -> None:
        self.config = config
        self.table = table
        self.matching = config.build_matching()
        self.class_loss = ClassLoss(config.no_object, config.no_object_partial, table)
        self.mask_loss = MaskLoss(config.mask_loss, config.sampling, quality=config.by_quality)
        self.box_loss = BoxLoss(table.things, stuff_too=config.matching == "boxes")
        self.count = TargetCounter(
            table.to(torch.device("cpu")),
            fixed=config.matching == "fixed",
            stuff_too=self.box_loss.stuff_too,
            no_object=config.no_object,
            no_object_partial=config.no_object_partial,
        )

    def __call__(self, output: MaskFormerOutput, targets: tuple[Target, ...], whole: Counts | None = None) -> Losses:
        """The losses of a forward pass. Raises TrainingError on costs that are not finite or missing targets.

        whole: the counts of the batch that these images are a part of; None: they are all of it.
        """
        check_batch(output, targets)
        layers, queries = supervised_layers(output, self.config), output.class_logits.shape[1]
        whole = whole or self.count(targets, queries)
        matched = self.matching(layers, [ImageTruth.of(target) for target in targets], self.table)
        masks = layers[0].masks.beside([layer.masks for layer in layers[1:]])
        mask_terms = self.mask_loss(masks, matched, queries)
        rejected_LBQ = rejected_queries(masks, targets, self.config.matching_pool, layers=len(layers))
        with torch.autocast(output.class_logits.device.type, enabled=False):
            class_logits = torch.stack([layer.class_logits for layer in layers]).float()
            classes_L = self.class_loss(class_logits, matched, mask_terms.iou, rejected_LBQ)
            masks_L, dice_L = matched.by_layer(torch.stack((mask_terms.pixels, mask_terms.dice)))
            terms = {
                "classes": self.config.classes * self._summed(classes_L) / max(whole.weight, LEAST_WEIGHT),
                "masks": self.config.masks * self._summed(masks_L) / max(1, whole.pairs),
                "dice": self.config.dice * self._summed(dice_L) / max(1, whole.pairs),
            }
            if output.boxes is not None:
                l1_L, giou_L = self.box_loss(layers, matched)
                terms["boxes"] = self.config.boxes * self._summed(l1_L) / max(1, whole.boxes)
                terms["giou"] = self.config.giou * self._summed(giou_L) / max(1, whole.boxes)
            if output.point_logits is not None:
                heat = point_loss(output.point_logits.float(), targets, self.config.points_partial, whole.centres)
                terms["points"] = self.config.points * heat
        return Losses(terms, sum(len(match.left_out) for match in matched.matches[0]))

    def _summed(self, terms_L: Tensor) -> Tensor:
        """Over the layers, in the order of `supervised_layers`."""
        return terms_L[0] + self.config.earlier_layers * terms_L[1:].sum()


def supervised_layers(output: MaskFormerOutput, config: LossConfig) -> list[MaskFormerOutput]:
    """The last layer, then the earlier ones unless they count for nothing."""
    return [output, *output.auxiliary] if config.earlier_layers > 0 else [output]
