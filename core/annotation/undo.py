"""Undo: which corrections of an image's log stand, person by person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.annotation.corrections import Operation


@dataclass(frozen=True)
class LogEntry:
    """One line of an image's log, as undo sees it; `target` is the revision that an undo or redo concerns."""

    revision: int
    user: str
    operation: Operation
    target: int | None = None


def undo_and_redo(log: Iterable[LogEntry], user: str) -> tuple[int | None, int | None]:
    """The revisions that this user's next undo and next redo concern, or None. `log` is in order.

    Undo is a person's own: other people's corrections are never taken back by it.
    """
    done, undone = _steps(entry for entry in log if entry.user == user)
    return (done[-1] if done else None, undone[-1] if undone else None)


def undone_revisions(log: Iterable[LogEntry]) -> frozenset[int]:
    """The revisions that undo has taken back. `log` is in order."""
    by_user: dict[str, list[LogEntry]] = {}
    for entry in log:
        by_user.setdefault(entry.user, []).append(entry)
    undone: set[int] = set()
    for entries in by_user.values():
        made = {entry.revision for entry in entries if entry.operation not in (Operation.UNDO, Operation.REDO)}
        undone |= made.difference(_steps(entries)[0])
    return frozenset(undone)


def _steps(entries: Iterable[LogEntry]) -> tuple[list[int], list[int]]:
    """One person's revisions: those that stand, the newest last, and those that redo would bring back."""
    done: list[int] = []
    undone: list[int] = []
    for entry in entries:
        if entry.operation is Operation.UNDO:
            undone.append(done.pop())
        elif entry.operation is Operation.REDO:
            done.append(undone.pop())
        else:
            done.append(entry.revision)
            undone.clear()
    return done, undone
