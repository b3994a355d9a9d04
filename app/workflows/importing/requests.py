"""What an import is asked to do, and what it would make of the data set's categories."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from core.annotation.errors import FormatError, MaskwrightError
from core.annotation.labels import Category


class ImportStopped(MaskwrightError):  # noqa: N818 — the name callers read best
    """An import that was told to stop; the workspace is as it was."""


@dataclass(frozen=True)
class ImportRequest:
    """An import as asked for.

    format: one of core.formats.capabilities.READ_FORMATS.   path: the data set's folder, its main file, or a zip of it.
    images: the folder of the photos, where they lie apart.   user: who imports, for the log.
    mapping: what categories of the set become: its name, id or #id there → a category's name here, or a new one's.
    new_ids: a category whose id is taken here gets the next free one.
    """

    format: str
    path: Path
    images: Path | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    new_ids: bool = False
    user: str = "local"

    def check(self) -> None:
        """Raises FormatError for places that do not exist: before a workspace is made for them."""
        if not self.path.exists():
            raise FormatError(f"{self.path} does not exist; name the data set's folder, its main file, or a zip of it")
        if self.images is not None and not self.images.is_dir():
            raise FormatError(f"{self.images} is no folder; name the one with the photos (--images)")


def parse_mapping(options: Sequence[str]) -> dict[str, str]:
    """The mapping of OLD=NEW options. Raises FormatError for another text, and for one OLD twice."""
    mapping: dict[str, str] = {}
    for option in options:
        old, equals, new = option.partition("=")
        if not (old and equals and new):
            raise FormatError(f"--map {option!r:.120} is no OLD=NEW: a category of the set and what it becomes here")
        if mapping.setdefault(old, new) != new:
            raise FormatError(f"--map gives {old!r} two new names, {mapping[old]!r} and {new!r}; keep one")
    return mapping


class Becomes(StrEnum):
    """What becomes of a category of the set."""

    EXISTING = "existing"
    NEW = "new"
    DROPPED = "dropped"


@dataclass(frozen=True)
class CategoryPlan:
    """A category of the set, as it stands there, and what becomes of it: `target` in the workspace, None when it is
    dropped. note: what a person should know of it, empty for nothing."""

    category: Category
    becomes: Becomes
    target: Category | None
    note: str = ""


@dataclass(frozen=True)
class Clash:
    """A category of the set that cannot be taken in as it is.

    option: what names it in a mapping, its name or, where that is not enough, its id.
    suggestion: a mapping's other side that settles it.   reason: ends a sentence on the category.
    """

    category: Category
    option: str
    suggestion: str
    reason: str

    def __str__(self) -> str:
        return (
            f"category {self.category.id} {self.category.name!r} {self.reason}; "
            f"--map {shlex.quote(f'{self.option}={self.suggestion}')} settles it"
        )
