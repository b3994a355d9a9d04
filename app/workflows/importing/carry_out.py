"""Takes a planned data set in: photos to the blobs, rows to a spool, then one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from app.workflows.importing.categories import new_categories
from app.workflows.importing.planning import ImportPlan
from app.workflows.importing.report import ImportReport
from app.workflows.importing.requests import Becomes, ImportStopped
from app.workflows.importing.staging import Staged, Stager
from core.annotation.errors import FormatError
from storage.errors import translated
from storage.imports import Inserted, add_categories, check_categories, insert_staged
from storage.workspace import Workspace

Progress = Callable[[int, int], None]


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
        raise FormatError("\n".join(["the data set's categories clash with those here:", *map(str, plan.clashes)]))
    spool = plan.folder / f"{uuid.uuid4().hex}.jsonl"
    try:
        with translated(spool):
            with spool.open("x", encoding="utf-8", newline="\n") as file:
                stager = Stager(workspace, plan.target_ids, file)
                stager.staged.trouble(plan.data_set.problems)
                total = plan.data_set.count
                stager.stage(plan.data_set.images(), total=total, progress=progress, cancelled=cancelled)
            inserted = _insert(workspace, plan, spool, cancelled)
    finally:
        spool.unlink(missing_ok=True)
    return _report(plan, stager.staged, inserted)


def _insert(workspace: Workspace, plan: ImportPlan, spool: Path, cancelled: Callable[[], bool]) -> Inserted:
    """The one transaction. Annotators' corrections wait for it and then find the images as they are now."""
    met = [one.target for one in plan.categories if one.becomes is Becomes.EXISTING and one.target]
    new = new_categories(plan.categories)
    with spool.open(encoding="utf-8", newline="\n") as file, workspace.database.write() as session:
        add_categories(session, new)
        check_categories(session, met)
        return insert_staged(
            session, _until(file, cancelled), client=f"import-{uuid.uuid4().hex}", user=plan.request.user
        )


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
        categories=plan.categories,
        problems=tuple(staged.problems),
        notes=tuple(_notes(staged)),
    )


def _notes(staged: Staged) -> Iterator[str]:
    if staged.doubtful:
        yield (
            f"{staged.doubtful} photos are turned by EXIF and their masks fit both ways: "
            "they were taken as made on the upright photo; look at them"
        )
    if staged.other_splits:
        yield f"{staged.other_splits} images were split by content: the set's names are no names of splits here"
    if staged.more_problems:
        yield f"{staged.more_problems} more problems are not listed"
