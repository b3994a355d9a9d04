"""The model that a run begins with, and how it is to learn."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from app.workflows.learning.models import Source
from core.annotation.labels import Category, LabelSet, distinct_colour
from core.annotation.proposals import REGION
from core.maskformer.checkpoint import load_model
from core.maskformer.config import MaskClassificationConfig
from core.maskformer.convert import with_label_set, with_queries
from core.maskformer.model import MaskFormer
from core.maskformer.rows import CategoryRows
from core.training.config import TrainingConfig


@dataclass(frozen=True, eq=False)
class Beginning:
    """A model with the workspace's categories, and which of its rows it had before."""

    model: MaskFormer
    rows: CategoryRows


def begin_with(source: Source, label_set: LabelSet, *, seed: int) -> Beginning:
    """The model of `source`, on the CPU, its categories exchanged for those of `label_set` and "region".

    What it knew of a name it keeps; new names are drawn with `seed`. Raises ModelError.
    """
    torch.manual_seed(seed)
    model, rows = with_label_set(load_model(source.place), with_region(label_set))
    return Beginning(model, rows)


def with_region(label_set: LabelSet) -> LabelSet:
    """The categories, and "region" last."""
    named = [category for category in label_set if category.name != REGION]
    return LabelSet.of([*named, Category(label_set.next_id(), REGION, False, distinct_colour(len(named)))])


def with_room(model: MaskFormer, config: TrainingConfig) -> MaskFormer:
    """The model with as many queries as the configuration's; itself when it has them."""
    head, wanted = model.config.head, config.model.head
    if not (isinstance(head, MaskClassificationConfig) and isinstance(wanted, MaskClassificationConfig)):
        return model
    return model if head == wanted else with_queries(model, wanted.queries.queries)[0]
