"""Opens a data set and says what an import would make of it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

from app.workflows.importing.categories import plan_categories
from app.workflows.importing.drafts import draft_folder
from app.workflows.importing.opening import open_data_set
from app.workflows.importing.requests import CategoryPlan, Clash, ImportRequest
from core.formats.capabilities import CAPABILITIES
from core.formats.imported import DataSet
from storage.imports import load_known_categories
from storage.workspace import Workspace


@dataclass(frozen=True)
class ImportPlan:
    """An opened data set and what an import would make of it. Close it, or leave its `with`: a zip's files go then.

    categories: all of the set, in its order.   clashes: those that must be settled first (`replan`).
    folder: for what an import is working on.
    """

    request: ImportRequest
    data_set: DataSet
    categories: tuple[CategoryPlan, ...]
    clashes: tuple[Clash, ...]
    folder: Path
    resources: ExitStack

    @property
    def target_ids(self) -> dict[int, int]:
        """The workspace's category id of each of the set's."""
        targets: dict[int, int] = {}
        for one in self.categories:
            if one.target is not None:
                targets.setdefault(one.category.id, one.target.id)
        return targets

    def close(self) -> None:
        self.resources.close()

    def __enter__(self) -> ImportPlan:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def plan_import(workspace: Workspace, request: ImportRequest) -> ImportPlan:
    """Open the data set and plan its categories; nothing of the workspace changes.

    Raises FormatError when there is no such data set, or a mapping names none of its categories.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(draft_folder(workspace))
        data_set = open_data_set(request, folder)
        categories, clashes = _plan(workspace, data_set, request)
        return ImportPlan(request, data_set, categories, clashes, folder, stack.pop_all())


def replan(
    workspace: Workspace, plan: ImportPlan, mapping: Mapping[str, str], *, new_ids: bool | None = None
) -> ImportPlan:
    """The same opened data set with another mapping; close one of the two plans. Raises as `plan_import`."""
    request = replace(plan.request, mapping=mapping, new_ids=plan.request.new_ids if new_ids is None else new_ids)
    categories, clashes = _plan(workspace, plan.data_set, request)
    return replace(plan, request=request, categories=categories, clashes=clashes)


def _plan(
    workspace: Workspace, data_set: DataSet, request: ImportRequest
) -> tuple[tuple[CategoryPlan, ...], tuple[Clash, ...]]:
    with workspace.database.read() as session:
        known = load_known_categories(session)
    return plan_categories(data_set, known, CAPABILITIES[request.format], request.mapping, new_ids=request.new_ids)
