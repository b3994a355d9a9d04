"""From costs to pairs: the cheapest one-to-one assignment (Carion et al. 2020, section 3.1).

Legend: L layers, Q queries, T targets.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from core.annotation.errors import TrainingError
from core.maskformer.output import MaskFormerOutput
from core.training.labels import LabelTable
from core.training.truth import ImageTruth

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Matches:
    """What one layer's queries answer for in one image.

    queries, targets: int64 [M], pairs of indices by rising query.
    left_out: int64 [R], targets that found no query. Of targets without a valid cell nothing is said anywhere.
    undecided: bool [Q], unpaired queries of which it is not known whether they are "no object"; None: none is.
    """

    queries: Tensor
    targets: Tensor
    left_out: Tensor
    undecided: Tensor | None = None


@dataclass(frozen=True, eq=False)
class Pairs:
    """All pairs of a batch in one, image by image and in each layer by layer: int64 [M] each.

    layers, images, queries: where the pair is.   targets: indices into the targets of all images, one after the other.
    counts: pairs of each image.
    """

    layers: Tensor
    images: Tensor
    queries: Tensor
    targets: Tensor
    counts: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Matched:
    """truths: of each image, the targets that `matches` speaks of.   matches: [layer][image]."""

    truths: tuple[ImageTruth, ...]
    matches: list[list[Matches]]

    @cached_property
    def pairs(self) -> Pairs:
        """The pairs of all layers and images."""
        cells = [
            (layer, image, self.matches[layer][image])
            for image in range(len(self.truths))
            for layer in range(len(self.matches))
        ]
        firsts = list(accumulate((len(truth.labels) for truth in self.truths), initial=0))
        lengths = [len(match.queries) for _, _, match in cells]
        rows = [(layer, image, firsts[image]) for layer, image, _ in cells]
        repeated = np.repeat(np.array(rows, dtype=np.int64), lengths, axis=0).T
        layers, images, first = torch.from_numpy(np.ascontiguousarray(repeated)).to(self.truths[0].labels.device)
        queries = torch.cat([match.queries for _, _, match in cells])
        targets = torch.cat([match.targets for _, _, match in cells]) + first
        return Pairs(
            layers, images, queries, targets, tuple(np.reshape(lengths, (len(self.truths), -1)).sum(1).tolist())
        )

    @cached_property
    def labels(self) -> Tensor:
        """Label codes of the targets of all images, one after the other: int64."""
        return torch.cat([truth.labels for truth in self.truths])

    def by_layer(self, values_M: Tensor) -> Tensor:
        """Values [..., M] of the pairs summed in each layer: [..., L]."""
        layers = torch.arange(len(self.matches), device=values_M.device)
        return values_M @ (self.pairs.layers[:, None] == layers).to(values_M.dtype)


class Matching(Protocol):
    """Decides which query answers for which target, in each layer and image by itself."""

    def __call__(self, layers: Sequence[MaskFormerOutput], truths: Sequence[ImageTruth], table: LabelTable) -> Matched:
        """The pairs of every layer. Raises TrainingError on outputs that cannot be matched."""


def assign(costs: Sequence[Tensor], truths: Sequence[ImageTruth]) -> Matched:
    """The cheapest pairs of each image's costs, float32 [L, Q, T].

    Everything goes to the host in one copy and comes back in one. Raises TrainingError, which names the image,
    when a cost is not finite.
    """
    layers, queries, _ = costs[0].shape
    seen = [truth.seen.to(costs[0].dtype) for truth in truths]
    host = to_host([*(cost.flatten() for cost in costs), *seen])
    found: list[list[Indices]] = []
    for image, truth in enumerate(truths):
        cost_LQT = host[image].reshape(layers, queries, len(truth.labels))
        _check_finite(cost_LQT, truth.name)
        targets = np.flatnonzero(host[len(truths) + image])
        found += [_cheapest(cost_QT, targets) for cost_QT in cost_LQT]
    moved = to_device(list(chain.from_iterable(found)), costs[0].device)
    by_image = [[Matches(next(moved), next(moved), next(moved)) for _ in range(layers)] for _ in truths]
    return Matched(tuple(truths), [list(layer) for layer in zip(*by_image, strict=True)])


def _cheapest(cost_QT: Floats, targets: Indices) -> list[Indices]:
    """Queries, their targets, and the targets without a query, among the columns `targets`."""
    rows, columns = linear_sum_assignment(cost_QT[:, targets])
    return [rows, targets[columns], np.delete(targets, columns)]


def _check_finite(cost: Floats, name: str) -> None:
    if not np.isfinite(cost).all():
        raise TrainingError(
            f"the model's output for {name} is not finite; "
            "lower the learning rate, or go on from the last checkpoint with another seed"
        )


def to_host(parts: Sequence[Tensor]) -> list[npt.NDArray[Any]]:
    """Vectors of one type and device on the host, in one copy."""
    joined = torch.cat(list(parts)).cpu().numpy()
    return np.split(joined, np.cumsum([len(part) for part in parts])[:-1])


def to_device(parts: Sequence[Indices], device: torch.device) -> Iterator[Tensor]:
    """Vectors of indices on a device, in one copy."""
    joined = torch.from_numpy(np.concatenate(parts).astype(np.int64)).to(device)
    return iter(torch.split(joined, [len(part) for part in parts]))
