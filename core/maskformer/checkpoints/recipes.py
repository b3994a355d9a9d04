"""How the model's tensors come from those of another layout."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from core.annotation.errors import ModelError
from core.maskformer.backbones.folding import fold_batch_norm
from core.maskformer.checkpoints.shapes import Shape, check_shapes, shapes_of

# nn.BatchNorm2d's own; both layouts leave it at that.
BATCH_NORM_EPSILON = 1e-5


class Recipe(ABC):
    """One tensor of the model, made from tensors of the other layout."""

    @abstractmethod
    def needs(self, shape: Shape) -> dict[str, Shape]:
        """The other layout's tensors and the shapes they must have, for a tensor of this shape."""

    @abstractmethod
    def make(self, tensors: Mapping[str, Tensor]) -> Tensor:
        """The tensor, from tensors of the shapes it needs."""


@dataclass(frozen=True)
class Same(Recipe):
    """The tensor as it is."""

    name: str

    def needs(self, shape: Shape) -> dict[str, Shape]:
        return {self.name: shape}

    def make(self, tensors: Mapping[str, Tensor]) -> Tensor:
        return tensors[self.name]


@dataclass(frozen=True)
class Stacked(Recipe):
    """Several tensors of one shape, row upon row."""

    names: tuple[str, ...]

    def needs(self, shape: Shape) -> dict[str, Shape]:
        return dict.fromkeys(self.names, (shape[0] // len(self.names), *shape[1:]))

    def make(self, tensors: Mapping[str, Tensor]) -> Tensor:
        return torch.cat([tensors[name] for name in self.names])


@dataclass(frozen=True)
class Slice(Recipe):
    """The rows of part `index` of `count` equal parts."""

    name: str
    index: int
    count: int

    def needs(self, shape: Shape) -> dict[str, Shape]:
        return {self.name: (shape[0] * self.count, *shape[1:])}

    def make(self, tensors: Mapping[str, Tensor]) -> Tensor:
        return tensors[self.name].chunk(self.count)[self.index].clone()


@dataclass(frozen=True)
class FoldedWeight(Recipe):
    """A convolution's filters [O, I, k, k], scaled by the batch norm that follows it."""

    convolution: str
    norm: str

    def needs(self, shape: Shape) -> dict[str, Shape]:
        return {f"{self.convolution}.weight": shape, **_norm_needs(self.norm, shape[0])}

    def make(self, tensors: Mapping[str, Tensor]) -> Tensor:
        return _folded(tensors, self.convolution, self.norm)[0]


@dataclass(frozen=True)
class FoldedBias(Recipe):
    """The bias [O] that takes the place of that batch norm."""

    convolution: str
    norm: str

    def needs(self, shape: Shape) -> dict[str, Shape]:
        return _norm_needs(self.norm, shape[0])

    def make(self, tensors: Mapping[str, Tensor]) -> Tensor:
        return _folded(tensors, self.convolution, self.norm)[1]


def _norm_needs(norm: str, channels: int) -> dict[str, Shape]:
    return {f"{norm}.{part}": (channels,) for part in ("weight", "bias", "running_mean", "running_var")}


def _folded(tensors: Mapping[str, Tensor], convolution: str, norm: str) -> tuple[Tensor, Tensor]:
    return fold_batch_norm(
        tensors[f"{convolution}.weight"],
        scale=tensors[f"{norm}.weight"],
        shift=tensors[f"{norm}.bias"],
        mean=tensors[f"{norm}.running_mean"],
        variance=tensors[f"{norm}.running_var"],
        epsilon=BATCH_NORM_EPSILON,
    )


def translate(
    source: str, recipes: Mapping[str, Recipe], shapes: Mapping[str, Shape], tensors: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """The model's tensors, float32, of the given shapes, each by its recipe.

    Raises ModelError, with names of the other layout, when tensors are missing, unknown, misshapen or not finite.
    """
    needed = {name: shape for ours, recipe in recipes.items() for name, shape in recipe.needs(shapes[ours]).items()}
    check_shapes(source, needed, shapes_of(tensors))
    floats = {name: _as_float32(source, name, tensor) for name, tensor in tensors.items()}
    return {ours: recipe.make(floats).contiguous() for ours, recipe in recipes.items()}


def _as_float32(source: str, name: str, tensor: Tensor) -> Tensor:
    if not tensor.is_floating_point():
        raise ModelError(f"{source}: {name} holds {tensor.dtype}, not floating-point numbers; take an intact copy")
    converted = tensor.float()
    if not converted.isfinite().all():
        raise ModelError(f"{source}: {name} holds numbers that are not finite; take an intact copy")
    return converted
