"""Whether tensors fit a model, by name and shape."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from core.annotation.errors import ModelError

# Names of tensors an error lists before it stops, and characters of each: a hostile file's names can be long.
NAMES_SHOWN = 5
CHARACTERS_SHOWN = 200

Shape = tuple[int, ...]


def shapes_of(tensors: Mapping[str, Tensor]) -> dict[str, Shape]:
    """The tensors' shapes by name."""
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def check_shapes(source: str, expected: Mapping[str, Shape], found: Mapping[str, Shape]) -> None:
    """Raise ModelError naming every kind of difference in names and shapes."""
    misshapen = [
        f"{name} {list(found[name])} instead of {list(shape)}"
        for name, shape in expected.items()
        if name in found and found[name] != shape
    ]
    faults = {
        "missing": sorted(expected.keys() - found.keys()),
        "unknown": sorted(found.keys() - expected.keys()),
        "misshapen": misshapen,
    }
    lines = [f"{len(names)} {kind}: {_first(names)}" for kind, names in faults.items() if names]
    if lines:
        raise ModelError(f"{source}: the tensors do not fit the configured model; " + "; ".join(lines))


def _first(names: list[str]) -> str:
    shown = ", ".join(name[:CHARACTERS_SHOWN] for name in names[:NAMES_SHOWN])
    return shown + (" …" if len(names) > NAMES_SHOWN else "")
