"""Labels and proposals of a few rectangles."""

from core.annotation.mask import Mask
from core.annotation.proposals import ClassScore, Proposal
from core.training.data.images import LabelledMask, Labels
from tests.core.training.made_sets import box

SIZE = (60, 80)


def rectangle(*corners: int) -> Mask:
    """The mask from (top, left) to (bottom, right)."""
    return Mask.from_array(box(*SIZE, *corners))


def proposal(mask: Mask, score: float, name: str = "cat") -> Proposal:
    return Proposal(0, mask, score, (ClassScore(name, score),))


def labels(*named: tuple[Mask, str | None], ignored: Mask | None = None, complete: bool = True) -> Labels:
    return Labels(tuple(LabelledMask(mask, name) for mask, name in named), ignored, complete)
