"""The sizes a MaskFormer is built from; they travel in its checkpoint."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from core.annotation.errors import ModelError

BACKBONES = ("efficientnet_lite0",)
NORM_GROUPS = 32
# Far past any real model; a checkpoint that asks for more would only keep the machine busy.
MAX_COUNT = 16_384
MAX_LAYERS = 64


@dataclass(frozen=True)
class ModelConfig:
    """Widths and depths. Raises ModelError for a combination that cannot be built.

    width: channels of the pixel decoder and of the queries.   mask_dim: learned channels of the masks.
    queries: masks proposed a photo; grid_side² of them start on a regular grid, the others at the
        peaks of a heat map of mask centres.
    decoder_layers, heads, feedforward: the transformer decoder.
    """

    backbone: str = "efficientnet_lite0"
    width: int = 128
    mask_dim: int = 64
    queries: int = 100
    grid_side: int = 6
    decoder_layers: int = 3
    heads: int = 8
    feedforward: int = 512
    dropout: float = 0.0

    def __post_init__(self) -> None:
        if self.backbone not in BACKBONES:
            raise ModelError(f"no backbone is called {self.backbone!r}; choose one of {', '.join(BACKBONES)}")
        for name in ("width", "mask_dim", "queries", "decoder_layers", "heads", "feedforward"):
            _check_count(name, getattr(self, name), least=1)
        _check_count("grid_side", self.grid_side, least=0)
        if self.decoder_layers > MAX_LAYERS:
            raise ModelError(f"decoder_layers is at most {MAX_LAYERS}, got {self.decoder_layers}")
        if self.width % NORM_GROUPS:
            raise ModelError(f"width is a multiple of {NORM_GROUPS} (GroupNorm's groups), got {self.width}")
        if self.width % self.heads:
            raise ModelError(
                f"width {self.width} does not split into {self.heads} heads; choose a divisor of the width"
            )
        if self.grid_side**2 > self.queries:
            raise ModelError(
                f"a grid of {self.grid_side}² points needs at least {self.grid_side**2} queries, got {self.queries}"
            )
        if not isinstance(self.dropout, float | int) or not 0 <= self.dropout < 1:
            raise ModelError(f"dropout is a number from 0 to below 1, got {self.dropout!r}")

    def to_dict(self) -> dict[str, str | int | float]:
        """Plain values for a checkpoint's config.json."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> ModelConfig:
        """The config `to_dict` wrote. Raises ModelError and names what is missing, unknown or impossible."""
        fields = {field.name for field in dataclasses.fields(cls)}
        if fields != set(values):
            missing, unknown = sorted(fields - set(values)), sorted(set(values) - fields)
            raise ModelError(f"the model's configuration lacks {missing} and has unknown {unknown}")
        return cls(**values)  # type: ignore[arg-type]  # every field is checked at construction


def _check_count(name: str, value: object, *, least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= MAX_COUNT:
        raise ModelError(f"{name} is a whole number from {least} to {MAX_COUNT}, got {value!r}")
