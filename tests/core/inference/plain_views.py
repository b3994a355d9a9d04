"""The three views as the paper defines them: every mask at every pixel, in float64."""

from dataclasses import dataclass

import numpy as np
import torch
from hypothesis import strategies as st
from torch import Tensor

from core.annotation.labels import Category, LabelSet, distinct_colour
from core.inference.axis import Axis, mix

# Values that differ by less than this share are ties of float32: a logit of 200 is rounded to 1.5e-5.
TIE = 2e-5


def label_set(things: int, stuff: int) -> LabelSet:
    count = things + stuff
    return LabelSet.of(Category(7 + 3 * i, f"c{i}", i < things, distinct_colour(i)) for i in range(count))


def dense(logits: Tensor, height: int, width: int) -> Tensor:
    """All maps [n, h, w] at every pixel, with the arithmetic of `axis.mix`."""
    rows, columns = Axis.of(logits.shape[1], height), Axis.of(logits.shape[2], width)
    lines = mix(logits[:, :, columns.low], logits[:, :, columns.high], columns.weight)
    return mix(lines[:, rows.low], lines[:, rows.high], rows.weight[:, None])


def semantic_sums(class_logits: Tensor, mask_logits: Tensor, height: int, width: int) -> Tensor:
    """Σ p·σ: float64 [K, H, W]."""
    probabilities = class_logits.softmax(-1)[:, :-1].double()
    return torch.einsum("qk,qhw->khw", probabilities, dense(mask_logits, height, width).double().sigmoid())


@dataclass(frozen=True)
class PlainPanoptic:
    """ids, and where the winner, or a whole segment, hangs on a rounding."""

    ids: np.ndarray
    unsure: np.ndarray
    segments: dict[int, tuple[int, float]]


def panoptic(
    class_logits: Tensor,
    mask_logits: Tensor,
    size: tuple[int, int],
    labels: LabelSet,
    *,
    threshold: float = 0.8,
    overlap: float = 0.8,
    inside_only: bool = True,
) -> PlainPanoptic:
    scores, categories = class_logits.softmax(-1).max(-1)
    kept = ((categories < len(labels)) & (scores > threshold)).nonzero()[:, 0]
    ids = np.zeros(size, dtype=np.int32)
    if len(kept) == 0:
        return PlainPanoptic(ids, np.zeros(size, dtype=bool), {})
    logits = dense(mask_logits[kept], *size)
    weighted = scores[kept].double()[:, None, None] * logits.double().sigmoid()
    winner = weighted.argmax(0)
    best = weighted.topk(min(2, len(kept)), 0).values
    unsure = (best[0] - best[-1] < TIE * best[0]) & (len(kept) > 1)
    inside = logits >= 0
    segments: dict[int, tuple[int, float]] = {}
    merged: dict[int, int] = {}
    for place, query in enumerate(kept.tolist()):
        category = labels.categories[int(categories[query])]
        won = winner == place
        shown = won & inside[place] if inside_only else won
        if not shown.any() or won.sum() < overlap * inside[place].sum():
            continue
        number = len(segments) + 1
        if not category.is_thing:
            number = merged.setdefault(category.id, number)
        ids[shown.numpy()] = number
        segments[number] = (category.id, max(float(scores[query]), segments.get(number, (0, 0.0))[1]))
    return PlainPanoptic(ids, unsure.numpy(), segments)


def noise(random: torch.Generator, shape: tuple[int, ...]) -> Tensor:
    return 3 * torch.randn(shape, generator=random)


def smooth(random: torch.Generator, shape: tuple[int, ...]) -> Tensor:
    coarse = torch.randn(1, shape[0], 3, 4, generator=random)
    return 8 * torch.nn.functional.interpolate(coarse, size=shape[1:], mode="bicubic")[0] - 1


def constant(random: torch.Generator, shape: tuple[int, ...]) -> Tensor:
    return torch.randn(shape[0], 1, 1, generator=random).expand(shape).contiguous()


def huge(random: torch.Generator, shape: tuple[int, ...]) -> Tensor:
    return 60 * torch.randn(shape, generator=random)


def one_cell(random: torch.Generator, shape: tuple[int, ...]) -> Tensor:
    logits = torch.full(shape, -9.0).flatten(1)
    places = torch.randint(0, logits.shape[1], (len(logits), 1), generator=random)
    return logits.scatter_(1, places, 9.0).view(shape)


def whole_numbers(random: torch.Generator, shape: tuple[int, ...]) -> Tensor:
    return torch.randint(-2, 3, shape, generator=random).float()


KINDS = (noise, smooth, constant, huge, one_cell, whole_numbers)


@st.composite
def raw_outputs(draw: st.DrawFn) -> tuple[Tensor, Tensor, tuple[int, int]]:
    """(class logits [Q, K + 1], mask logits [Q, h, w], size): easy and hard ones, larger and smaller than the grid."""
    random = torch.Generator().manual_seed(draw(st.integers(0, 2**32)))
    queries, classes = draw(st.integers(1, 9)), draw(st.integers(1, 6))
    grid = draw(st.integers(1, 13)), draw(st.integers(1, 13))
    size = draw(st.integers(1, 60)), draw(st.integers(1, 60))
    mask_logits = draw(st.sampled_from(KINDS))(random, (queries, *grid))
    class_logits = draw(st.sampled_from((0.5, 3.0, 30.0))) * torch.randn(queries, classes + 1, generator=random)
    return class_logits, mask_logits, size
