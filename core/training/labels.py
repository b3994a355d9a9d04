"""What a target may be called: one category, any thing, anything at all, or nothing.

A label is a row of a table of allowed columns of the class logits. A named mask allows one column; a
mask whose category the model does not know allows all that it may be, and its loss is on their sum.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.annotation.labels import LabelSet
from core.annotation.proposals import REGION
from core.training.data.sources import Unnamed


@dataclass(frozen=True, eq=False)
class LabelTable:
    """What the label codes of K categories stand for.

    allowed: bool [K + 3, K + 1], the columns of the class logits that each code allows.
    things: bool [K + 3], whether a code is known to be a thing.
    """

    allowed: Tensor
    things: Tensor

    @property
    def categories(self) -> int:
        """K."""
        return self.allowed.shape[1] - 1

    def to(self, device: torch.device) -> LabelTable:
        """The same on another device."""
        return LabelTable(self.allowed.to(device), self.things.to(device))


class LabelCodes:
    """Label codes of a label set with K categories: 0 … K−1 a category, K no object, K+1 any thing, K+2 anything."""

    def __init__(self, label_set: LabelSet) -> None:
        self._codes = {category.name: code for code, category in enumerate(label_set)}
        count = len(label_set)
        self.no_object, self.any_thing, self.anything = count, count + 1, count + 2
        things = torch.tensor([category.is_thing for category in label_set])
        self.allowed = torch.eye(count + 3, count + 1, dtype=torch.bool)
        self.allowed[self.any_thing, :count] = things if things.any() else True
        self.allowed[self.anything, :count] = True
        self.table = LabelTable(self.allowed, torch.cat((things, torch.tensor([False, True, False]))))

    def code(self, name: str | None, unnamed: Unnamed) -> int:
        """The label of a mask called `name`; one whose name the label set lacks is what `unnamed` says."""
        if name is not None and name in self._codes:
            return self._codes[name]
        if unnamed == "region":
            return self._codes.get(REGION, self.anything)
        return self.any_thing if unnamed == "thing" else self.anything

    def is_thing(self, code: int) -> bool:
        """Whether masks of this label are known to be things."""
        return bool(self.table.things[code])


def log_probability(class_logits: Tensor, allowed: Tensor) -> Tensor:
    """Log of the summed probability of the allowed columns: logits [..., K+1], bool [..., K+1] → [...]."""
    return class_logits.masked_fill(~allowed, -torch.inf).logsumexp(-1) - class_logits.logsumexp(-1)
