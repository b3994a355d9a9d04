"""What an import did, in words and as JSON."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.workflows.importing.requests import Becomes, CategoryPlan
from core.annotation.errors import StorageError
from core.annotation.files import write_atomically
from core.annotation.words import counted
from core.formats.imported import Problem

# What a terminal and a page show of a long list; the report's file has all.
_SHOWN = 20


@dataclass(frozen=True)
class ImportReport:
    """What an import did.

    added: new images.   labelled: images of the set whose truth went in, new or here before; segments: theirs.
    known: photos that were here already and had nothing to gain.   kept: known ones that keep the truth they had.
    repeated: photos that stand in the set more than once; the first with truth counts.   in_work: images that are
    not done since something of them did not go in; without_masks: that got no truth since its size is another.
    problems: all that did not go in, and those `taken` that did in another form.   notes: what a person should know.
    doubtful: images whose masks fit their photo before and after its EXIF turn.
    """

    format: str
    added: int = 0
    labelled: int = 0
    segments: int = 0
    known: int = 0
    kept: int = 0
    repeated: int = 0
    in_work: int = 0
    without_masks: int = 0
    categories: tuple[CategoryPlan, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = field(default=())
    doubtful: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[Problem, ...]:
        """What did not go in."""
        return tuple(problem for problem in self.problems if not problem.taken)

    @property
    def exit_status(self) -> int:
        """What a command ends with: 0 all is in, 1 something is not, 2 nothing is."""
        if not self.missing:
            return 0
        return 1 if self.added or self.labelled or self.known or self.kept else 2

    def lines(self) -> Iterator[str]:
        """The report in words, a line each; long lists are cut."""
        yield self._sum()
        yield from self.notes
        doubt = "its masks fit before and after its EXIF turn and were taken as made on the upright photo; look at it"
        yield from _listed([f"{name}: {doubt}" for name in self.doubtful], "such photos")
        yield from _listed([note for one in self.categories if (note := category_line(one))], "categories")
        yield from _listed([f"taken in: {problem}" for problem in self.problems if problem.taken], "remarks")
        yield from _listed([f"not taken in: {problem}" for problem in self.missing], "problems")

    def summary(self) -> str:
        return "\n".join(self.lines())

    def to_json(self) -> dict[str, Any]:
        """Plain values, everything listed."""
        return {
            "format": self.format,
            "images": {
                "added": self.added,
                "labelled": self.labelled,
                "known": self.known,
                "kept": self.kept,
                "repeated": self.repeated,
                "in_work": self.in_work,
                "without_masks": self.without_masks,
            },
            "segments": self.segments,
            "categories": [_category_json(one) for one in self.categories],
            "problems": [_problem_json(one) for one in self.missing],
            "remarks": [_problem_json(one) for one in self.problems if one.taken],
            "doubtful": list(self.doubtful),
            "notes": list(self.notes),
        }

    def write(self, path: Path) -> None:
        """The report as a JSON file, whole or not at all. Raises StorageError."""
        try:
            with write_atomically(path) as file:
                file.write(json.dumps(self.to_json(), ensure_ascii=False, indent=1).encode() + b"\n")
        except OSError as error:
            raise _unwritable(path, error.strerror) from error

    def _sum(self) -> str:
        here = self.known + self.kept
        if not (self.added or self.labelled or self.missing):
            return f"nothing new: {counted(here, 'image')} {'was' if here == 1 else 'were'} here already"
        counts = {
            f"{counted(self.labelled, 'image')} labelled with {counted(self.segments, 'segment')}": self.labelled,
            f"{self.known} already here": self.known,
            f"{self.kept} already labelled here and left as they are": self.kept,
            f"{counted(self.repeated, 'photo')} in the set more than once": self.repeated,
            f"{self.in_work} not done, since something of them is missing": self.in_work,
            f"{self.without_masks} without their masks, which have another size": self.without_masks,
        }
        return ", ".join([f"{counted(self.added, 'image')} added", *(text for text, count in counts.items() if count)])


def category_line(one: CategoryPlan) -> str:
    """What a person should know of a category's fate; empty when it goes in as it is."""
    here = one.category
    if one.becomes is Becomes.DROPPED:
        return f"category {here.id} {here.name!r} is dropped: {one.note}"
    return f"category {here.id} {here.name!r}: {one.note}" if one.note else ""


def check_report_place(path: Path) -> None:
    """Raises StorageError where no report can be written: before an import that it would tell of."""
    if path.is_dir():
        raise _unwritable(path, "it is a folder")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            return
    except OSError as error:
        raise _unwritable(path, error.strerror) from error


def _unwritable(path: Path, why: str | None) -> StorageError:
    return StorageError(f"{path}: the report cannot be written ({why}); name a file in a folder of yours")


def cut(lines: Sequence[str], what: str, remedy: str = "") -> Iterator[str]:
    """The first lines, and how many more there are."""
    yield from lines[:_SHOWN]
    if len(lines) > _SHOWN:
        yield f"… and {len(lines) - _SHOWN} more {what}{remedy}"


def _listed(lines: Sequence[str], what: str) -> Iterator[str]:
    return cut(lines, what, "; --report FILE lists them all")


def _problem_json(one: Problem) -> dict[str, str]:
    return {"file": one.file, "item": one.item, "reason": one.reason}


def _category_json(one: CategoryPlan) -> dict[str, Any]:
    target = one.target
    return {
        "id": one.category.id,
        "name": one.category.name,
        "becomes": one.becomes.value,
        "target": None if target is None else {"id": target.id, "name": target.name},
        "note": one.note,
    }
