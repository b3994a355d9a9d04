"""The whole check, in the order in which a trouble explains the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from storage.checking.files import check_leftovers, check_photos
from storage.checking.findings import Finding
from storage.checking.people import check_people
from storage.checking.rows import check_counts, check_pages, check_states
from storage.checking.truths import check_truths
from storage.workspace import Workspace


def check_workspace(
    workspace: Workspace, *, repair: bool = False, progress: Callable[[str], Callable[[int, int], None]]
) -> Iterator[Finding]:
    """Look at all of an open workspace, which may be in use; memory stays small whatever its size.

    repair: do what loses nothing: count anew, measure masks anew, delete what a killed process left a day ago.
    progress: from a stage's unit to what is called with (finished, total). Raises StorageError where nothing more can
    be read.
    """
    yield from check_pages(workspace.database)
    yield from check_states(workspace.database, repair=repair)
    yield from check_truths(workspace.database, repair=repair, progress=progress("images"))
    yield from check_counts(workspace.database, repair=repair)
    yield from check_people(workspace.database, repair=repair)
    yield from check_photos(workspace, progress=progress("photos"))
    yield from check_leftovers(workspace, repair=repair)
