"""What the model offers for an image: one mask a query, with its class scores."""

from __future__ import annotations

from dataclasses import dataclass

from core.annotation.mask import Mask


@dataclass(frozen=True)
class ClassScore:
    """A category of the model, by name, and its score in 0..1."""

    name: str
    score: float


@dataclass(frozen=True)
class Proposal:
    """One query's mask. `score` in 0..1 ranks the proposals of an image; `class_scores` are the best
    few of the model's categories, highest first. A class-agnostic mask's best name is "region"."""

    query: int
    mask: Mask
    score: float
    class_scores: tuple[ClassScore, ...]

    @property
    def name(self) -> str:
        """The model's best category for the mask."""
        return self.class_scores[0].name
