"""Which modules of another layout the model's modules come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from core.maskformer.checkpoints.recipes import FoldedBias, FoldedWeight, Recipe, Same, Slice, Stacked

# The recipe of a module's tensor by the last part of the tensor's name ("weight", "bias", …).
Origin = Callable[[str], Recipe]


def same(module: str) -> Origin:
    """Tensors of a module with the same last parts."""
    return lambda leaf: Same(f"{module}.{leaf}")


def tensor(name: str) -> Origin:
    """One tensor, whatever it is called here."""
    return lambda leaf: Same(name)


def stacked(*modules: str) -> Origin:
    """Rows of several modules, one upon the other."""
    return lambda leaf: Stacked(tuple(f"{module}.{leaf}" for module in modules))


def third(prefix: str, index: int) -> Origin:
    """Query, key or value of a fused projection, whose tensors are called `prefix` and the last part."""
    return lambda leaf: Slice(f"{prefix}{leaf}", index, 3)


def folded(convolution: str, norm: str) -> Origin:
    """A convolution and the batch norm that follows it."""
    return lambda leaf: (FoldedWeight if leaf == "weight" else FoldedBias)(convolution, norm)


def each(ours: str, theirs: str, parts: Mapping[str, str]) -> dict[str, Origin]:
    """`same` for each part of a module of ours, by the name it has in theirs."""
    return {f"{ours}.{part}": same(f"{theirs}.{name}") for part, name in parts.items()}


def recipes_for(names: Iterable[str], origins: Mapping[str, Origin]) -> dict[str, Recipe]:
    """The recipe of each of the model's tensors."""
    split = (name.rpartition(".") for name in names)
    return {f"{module}.{leaf}": origins[module](leaf) for module, _, leaf in split}
