"""The data sets that tabs have looked into and not taken in yet."""

from __future__ import annotations

import secrets
import shutil
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from app.workflows.importing import ImportPlan, ImportRequest, plan_import
from app.workflows.importing.drafts import draft_folder
from core.annotation.errors import FormatError
from storage.workspace import Workspace

# Each may hold an unpacked zip; the oldest goes first.
MOST_PLANS = 4
_GONE = "this data set was put away since others were looked into; look into it again"


class Plans:
    """Open plans by a key that only the tab that opened one knows."""

    def __init__(self) -> None:
        self._plans: dict[str, ImportPlan] = {}
        self._lock = threading.Lock()

    def keep(self, plan: ImportPlan) -> str:
        """The plan's key; with too many plans the oldest is closed."""
        key = secrets.token_hex(8)
        with self._lock:
            self._plans[key] = plan
            oldest = list(self._plans)[:-MOST_PLANS]
        for one in oldest:
            self.drop(one)
        return key

    def take(self, key: str) -> ImportPlan:
        """The plan, now the caller's own to close or to `put_back`. Raises FormatError when it is gone."""
        with self._lock:
            plan = self._plans.pop(key, None)
        if plan is None:
            raise FormatError(_GONE)
        return plan

    def put_back(self, key: str, plan: ImportPlan) -> None:
        with self._lock:
            self._plans[key] = plan

    def drop(self, key: str) -> None:
        """Close the plan, if it is there."""
        with self._lock:
            plan = self._plans.pop(key, None)
        if plan is not None:
            plan.close()


def open_plan(workspace: Workspace, request: Callable[[Path], ImportRequest]) -> ImportPlan:
    """Look into a data set; `request` is told a folder that lasts as long as the plan. Raises FormatError."""
    with ExitStack() as stack:
        folder = stack.enter_context(draft_folder(workspace))
        plan = plan_import(workspace, request(folder / "files"))
        plan.resources.enter_context(stack.pop_all())
        return plan


def gathered(files: Sequence[str], folder: Path) -> Path:
    """Uploaded files as a data set's place: a single one itself, several together in `folder`.

    Raises FormatError for two of one name.
    """
    if len(files) == 1:
        return Path(files[0])
    folder.mkdir(parents=True)
    for file in map(Path, files):
        target = folder / file.name
        if target.exists():
            raise FormatError(f"two of the files are called {file.name!r:.120}; send the data set as a zip")
        # The same disk as a rule: then nothing is copied.
        with suppress(OSError):
            target.hardlink_to(file)
            continue
        shutil.copyfile(file, target)
    return folder
