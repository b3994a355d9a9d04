"""What the model offers for an image: one mask a query, with its class scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.annotation.mask import Mask

# The class-agnostic category: it says "some region", not what.
REGION = "region"
# How much of the class scores the best name must hold. On photos that the default model has not seen, names of good
# masks from here on were right four times in five; a wrong label is harder to notice than none.
NAMED_FROM = 0.6


@dataclass(frozen=True)
class ClassScore:
    """A category of the model, by name, and its score in 0..1."""

    name: str
    score: float


def proposed_name(class_scores: Sequence[ClassScore]) -> str:
    """What to call a mask with these class scores, highest first: the best name, or REGION for an unsure one.

    Shares are taken, because the scores also say how good the mask is: those of a poor mask are all low.
    """
    best = class_scores[0]
    return best.name if best.score >= NAMED_FROM * sum(item.score for item in class_scores) else REGION


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
