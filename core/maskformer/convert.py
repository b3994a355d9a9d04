"""A model becomes another one: with another head, other categories, or another number of queries.

By changing its head a per-pixel model becomes a MaskFormer, or the reverse (Cheng et al. 2021, section 3.3).
"""

from __future__ import annotations

import dataclasses

from torch import Tensor

from core.annotation.errors import ModelError
from core.annotation.labels import LabelSet
from core.maskformer.build import build_model
from core.maskformer.config import (
    HeadConfig,
    LearnedQueriesConfig,
    MaskClassificationConfig,
    ModelConfig,
    PerPixelConfig,
    PlainDecoderConfig,
    PointQueriesConfig,
)
from core.maskformer.model import MaskFormer
from core.maskformer.rows import CategoryRows, QueryRows, resized_queries, rows_by_name

FEEDFORWARD_RATIO = 8
HEAD_CHANNELS = 32


def convert_to_maskformer(
    model: MaskFormer, *, queries: int = 100, layers: int = 6, width: int = 256, dropout: float = 0.1
) -> MaskFormer:
    """The mask classification model with the backbone and pixel decoder of a per-pixel one (FCN, DeepLab, Segmenter …).

    What was classified pixel by pixel now is multiplied with the mask embeddings of `queries` learned queries, which
    went through `layers` layers of MaskFormer's transformer decoder, `width` wide (a multiple of 32). The head is
    new and must be trained; kept weights are copies, and `model` stays as it is. Labels, preprocessing, device,
    dtype and training or evaluation mode are those of `model`.
    Raises ModelError when `model` classifies masks already, and for impossible sizes.
    """
    if not isinstance(width, int) or width < HEAD_CHANNELS or width % HEAD_CHANNELS:
        raise ModelError(f"width is a multiple of {HEAD_CHANNELS}, got {width!r:.80}")
    if isinstance(model.config.head, MaskClassificationConfig):
        raise ModelError("the model classifies masks already; convert one with a per-pixel head")
    decoder = PlainDecoderConfig(
        width=width,
        layers=layers,
        heads=width // HEAD_CHANNELS,
        feedforward=FEEDFORWARD_RATIO * width,
        dropout=dropout,
    )
    head = MaskClassificationConfig(queries=LearnedQueriesConfig(queries=queries), decoder=decoder)
    return with_head(model, head)


def convert_to_per_pixel(model: MaskFormer) -> MaskFormer:
    """The per-pixel baseline with the backbone and pixel decoder of `model`, for comparison.

    Its head is new. Raises ModelError for a label set of one category.
    """
    return with_head(model, PerPixelConfig())


def with_head(model: MaskFormer, head: HeadConfig) -> MaskFormer:
    """A copy of `model` with a new head, drawn at random (seed torch first); all other parts keep their weights."""
    return _rebuilt(model, dataclasses.replace(model.config, head=head), new="head")


def with_mask_classifier(model: MaskFormer) -> MaskFormer:
    """A copy of `model` with a mask classifier, drawn at random, beside its other parts; `model` must have none."""
    assert model.mask_classifier is None, "the model has a mask classifier"
    return _rebuilt(model, dataclasses.replace(model.config, mask_classifier=True), new="mask_classifier")


def with_label_set(model: MaskFormer, label_set: LabelSet) -> tuple[MaskFormer, CategoryRows]:
    """A copy of `model` that knows the categories of `label_set`, and which of them it has learned already.

    Categories are the same when their names are. Those, "region" among them, and "no object" keep their rows in the
    class head and in the mask classifier, so that their logits stay as they are, but for the queries of a per-pixel+
    head, which attend to each other. New rows: see `rows_by_name`; new queries are drawn at random (seed torch first).
    Raises ModelError for an empty label set, and for a single category of a per-pixel head.
    """
    rows = CategoryRows.between(model.label_set, label_set)
    copy = build_model(model.config, label_set, preprocessing=model.preprocessing)
    state = rows_by_name(model, copy.state_dict(), rows)
    return _loaded(model, copy, state), rows


def with_queries(model: MaskFormer, queries: int) -> tuple[MaskFormer, QueryRows]:
    """A copy of `model` with another number of queries, and how many of them it has learned already.

    The first ones are kept: of queries at points, those of the grid and of the highest peaks. New ones: see
    `resized_queries` (seed torch first). All other weights are kept; but queries attend to each other, so the kept
    ones answer a little differently beside more or fewer.
    Raises ModelError for a model whose queries are its categories, and for fewer queries than the grid has points.
    """
    if not isinstance(model.config.head, MaskClassificationConfig):
        raise ModelError("a per-pixel model has one mask for each category; convert it to a MaskFormer first")
    source = dataclasses.replace(model.config.head.queries, queries=queries)
    head = dataclasses.replace(model.config.head, queries=source)
    copy = build_model(dataclasses.replace(model.config, head=head), model.label_set, preprocessing=model.preprocessing)
    grid = source.grid_side**2 if isinstance(source, PointQueriesConfig) else 0
    state, rows = resized_queries(model, copy.state_dict(), grid=grid)
    return _loaded(model, copy, state), rows


def _loaded(model: MaskFormer, copy: MaskFormer, state: dict[str, Tensor]) -> MaskFormer:
    """`copy` with the weights `state`, and the rest of what `model` is: frozen parts, device, dtype and mode."""
    copy.load_state_dict(state)
    for kept, own in zip(model.parameters(), copy.parameters(), strict=True):
        own.requires_grad_(kept.requires_grad)
    copy.to(device=model.device, dtype=next(model.parameters()).dtype)
    return copy.train(model.training)


def _rebuilt(model: MaskFormer, config: ModelConfig, *, new: str) -> MaskFormer:
    """A model of `config` that takes over all parts but the new one."""
    copy = build_model(config, model.label_set, preprocessing=model.preprocessing)
    for name, part in model.named_children():
        if name != new:
            copy.get_submodule(name).load_state_dict(part.state_dict())
            for kept, own in zip(part.parameters(), copy.get_submodule(name).parameters(), strict=True):
                own.requires_grad_(kept.requires_grad)
    copy.to(device=model.device, dtype=next(model.parameters()).dtype)
    return copy.train(model.training)
