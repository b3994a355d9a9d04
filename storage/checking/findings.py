"""What a check says: one finding for each thing that is not as it should be."""

from __future__ import annotations

from dataclasses import dataclass

FROM_BACKUP = "put the workspace's backup in its place"


@dataclass(frozen=True)
class Finding:
    """what: the kind of thing, such as "mask".   where: which one.   why: what is wrong with it.
    advice: what to do.   repaired: whether the check has done it.
    """

    what: str
    where: str
    why: str
    advice: str
    repaired: bool = False

    def __str__(self) -> str:
        return f"{self.what} {self.where}: {self.why}; {'repaired' if self.repaired else self.advice}"
