"""Whether a workspace is whole: what storage looks at, and the files of its models."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from app.workflows.learning.models import check_files
from core.annotation.errors import ModelError
from storage.checking.check import check_workspace
from storage.checking.findings import FROM_BACKUP, Finding
from storage.models import list_models
from storage.workspace import Workspace


def check(
    workspace: Workspace, *, repair: bool = False, progress: Callable[[str], Callable[[int, int], None]]
) -> Iterator[Finding]:
    """Every finding, as `storage.checking.check.check_workspace` makes them, and of models. Raises StorageError."""
    yield from check_workspace(workspace, repair=repair, progress=progress)
    with workspace.database.read() as session:
        records = list_models(session)
    for record in records:
        try:
            check_files(workspace, record)
        except ModelError as error:
            yield Finding("model", record.name, str(error), f"{FROM_BACKUP}, or promote another model")
