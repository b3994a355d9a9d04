"""From a configuration to the losses that suit a model's head."""

from __future__ import annotations

from core.annotation.errors import TrainingError
from core.maskformer.config import HeadConfig, MaskClassificationConfig
from core.training.criterion import Criterion, LossConfig, LossFunction
from core.training.fixed_matching import check_counts
from core.training.labels import LabelTable
from core.training.per_pixel_criterion import PerPixelCriterion


def build_criterion(config: LossConfig, head: HeadConfig, table: LabelTable) -> LossFunction:
    """Mask classification's losses, or the cross-entropy of the per-pixel heads.

    table: of `LabelCodes`, on the model's device. Raises TrainingError when the head cannot be matched as configured.
    """
    if not isinstance(head, MaskClassificationConfig):
        if config.matching != "hungarian":
            raise TrainingError(
                f"a per-pixel head is taught pixel by pixel, but matching is {config.matching!r}; leave it out, "
                "or choose a head of mask classification"
            )
        return PerPixelCriterion(config, table)
    if config.matching == "boxes" and not head.boxes:
        raise TrainingError("matching is 'boxes', but the head tells none; give it boxes, or choose 'hungarian'")
    if config.matching == "fixed":
        check_counts(head.queries.queries, table.categories)
    return Criterion(config, table)
