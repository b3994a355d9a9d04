"""What the model offers for an image: one mask a query, with its class scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.annotation.mask import Mask

# The class-agnostic category: it says "some region", not what.
REGION = "region"
# Below this share a name is more often wrong than right, and a wrong label is harder to notice than none.
NAMED_FROM = 0.5


@dataclass(frozen=True)
class ClassScore:
    """A category of the model, by name, and its score in 0..1."""

    name: str
    score: float


def proposed_name(class_scores: Sequence[ClassScore]) -> str:
    """What to call a mask with these class scores, highest first: the best name, or REGION for an unsure one."""
    return class_scores[0].name if class_scores[0].score >= NAMED_FROM else REGION


@dataclass(frozen=True)
class Proposal:
    """One query's mask. `score` in 0..1 ranks the proposals of an image; `class_scores` are the best
    few of the model's categories, highest first."""

    query: int
    mask: Mask
    score: float
    class_scores: tuple[ClassScore, ...]

    @property
    def name(self) -> str:
        """The model's name for the mask, REGION when it has none or is unsure."""
        return proposed_name(self.class_scores)
