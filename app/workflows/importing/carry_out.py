"""Takes a planned data set in: photos to the blobs, rows to a spool, then one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

from sqlalchemy.orm import Session

from app.workflows.importing.categories import new_categories
from app.workflows.importing.planning import ImportPlan
from app.workflows.importing.report import ImportReport, cut
from app.workflows.importing.requests import Becomes, ImportStopped
from app.workflows.importing.staging import Staged, Stager
from core.annotation.errors import FormatError, StorageError
from core.annotation.label_edits import LabelEdit
from core.annotation.labels import Category
from core.annotation.words import counted
from storage.categories import load_label_set
from storage.errors import translated
from storage.images import hashes_in_use
from storage.imports import Inserted, add_categories, check_categories, insert_staged
from storage.label_changes import record_label_change
from storage.workspace import Workspace

Progress = Callable[[int, int], None]
_HASHES_AT_ONCE = 500


def import_data(
    workspace: Workspace,
    plan: ImportPlan,
    *,
    progress: Progress = lambda finished, total: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> ImportReport:
    """Take the planned data set in, whole or not at all; `progress` is told (finished, total) images.

    `cancelled` is asked between images; ImportStopped is raised then and nothing has changed. Raises FormatError when
    the plan has clashes, StorageError for the workspace.
    """
    if plan.clashes:
        clashes = cut([str(clash) for clash in plan.clashes], "clashes")
        rest = [] if plan.request.new_ids else ["--new-ids settles all whose id is taken: they get the next free ones"]
        raise FormatError("\n".join(["the data set's categories clash with those here:", *clashes, *rest]))
    spool = plan.folder / f"{uuid.uuid4().hex}.jsonl"
    staged = Staged()
    try:
        with translated(spool):
            with spool.open("x", encoding="utf-8", newline="\n") as file:
                staged.trouble(plan.data_set.problems)
                stager = Stager(workspace, plan.target_ids, file, staged)
                total = plan.data_set.count
                stager.stage(plan.data_set.images(), total=total, progress=progress, cancelled=cancelled)
            inserted = Inserted() if staged.refused else _insert(workspace, plan, spool, cancelled)
    except BaseException:
        # What stopped the import is what its caller must hear of; `check` finds the photos too.
        with suppress(StorageError):
            _remove_unused(workspace, staged.new_blobs)
        raise
    finally:
        spool.unlink(missing_ok=True)
    return _report(plan, staged, inserted)


def _remove_unused(workspace: Workspace, put: Mapping[bytes, float | None]) -> None:
    """Remove the photos that no image has, but those that others put meanwhile, whose images are on their way."""
    blobs = workspace.blobs
    hashes = (digest.hex() for digest, at in put.items() if at is None or blobs.changed_at(digest.hex()) == at)
    while some := list(islice(hashes, _HASHES_AT_ONCE)):
        with workspace.database.read() as session:
            used = hashes_in_use(session, some)
        for sha256 in some:
            if sha256 not in used:
                blobs.delete(sha256)


def _insert(workspace: Workspace, plan: ImportPlan, spool: Path, cancelled: Callable[[], bool]) -> Inserted:
    """The one transaction. Annotators' corrections wait for it and then find the images as they are now."""
    met = [one.target for one in plan.categories if one.becomes is Becomes.EXISTING and one.target]
    new = new_categories(plan.categories)
    with spool.open(encoding="utf-8", newline="\n") as file, workspace.database.write() as session:
        _extend(session, new, plan.request.user)
        check_categories(session, met)
        return insert_staged(
            session, _until(file, cancelled), client=f"import-{uuid.uuid4().hex}", user=plan.request.user
        )


def _extend(session: Session, new: Sequence[Category], user: str) -> None:
    """The categories that the set brought, and a line of it in the label set's log."""
    if not new:
        return
    before = load_label_set(session)
    add_categories(session, new)
    record_label_change(session, user=user, kind=LabelEdit.IMPORT, before=before)


def _until(lines: Iterable[str], cancelled: Callable[[], bool]) -> Iterator[str]:
    for line in lines:
        if cancelled():
            raise ImportStopped("the import was stopped; the workspace is as it was")
        yield line


def _report(plan: ImportPlan, staged: Staged, inserted: Inserted) -> ImportReport:
    return ImportReport(
        format=plan.request.format,
        added=inserted.added,
        labelled=inserted.labelled,
        segments=inserted.segments,
        known=staged.known + inserted.known,
        kept=staged.kept + inserted.kept,
        repeated=staged.repeated,
        in_work=staged.in_work,
        without_masks=len(staged.without_masks),
        categories=() if staged.refused else plan.categories,
        problems=tuple(staged.problems),
        notes=tuple(_notes(staged)),
        doubtful=tuple(staged.doubtful),
    )


def _notes(staged: Staged) -> Iterator[str]:
    if staged.renumbered:
        yield (
            f"{counted(staged.renumbered, 'segment')} got another number: the set's is 0 or less, over 24 bits, "
            "no number, or was taken in its image"
        )
    if staged.other_splits:
        yield (
            f"{counted(staged.other_splits, 'image')} split by content or as before: "
            "what the set calls their splits are no names here"
        )
    if staged.kept_splits:
        yield f"{counted(staged.kept_splits, 'image')} here already left in another split than the set's"
    if staged.more_problems:
        yield f"{counted(staged.more_problems, 'more problem')} not listed"
