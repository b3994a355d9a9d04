"""The label set under /api/v1: read with its counts and its log, changed one step at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from app.api.answers import ErrorJson, LabelChangeJson, LabelSetChangedJson, LabelSetJson
from app.api.errors import ELSEWHERE, FAILED, REFUSED, OtherWorkspace, Responses
from app.api.queue import Running
from app.api.wire import Id, category_json
from app.services import user_of
from app.workflows.label_set import LabelSetRequest, change_label_set, read_label_set
from app.workflows.label_words import described
from core.annotation.label_edits import LabelEdit
from core.annotation.labels import MAX_KEY_LENGTH, MAX_NAME_LENGTH
from storage.label_changes import LabelChange

router = APIRouter(prefix="/api/v1/label-set", tags=["Label set"])

User = Annotated[str, Depends(user_of)]
Part = Annotated[int, Field(ge=0, le=255)]
# Far above any label set; a list of ids is checked against the set itself.
MAX_CATEGORIES = 10_000
STALE: Responses = {409: {"model": ErrorJson, "description": "The label set moved on; its revision is given."}}


class LabelChangeBody(BaseModel):
    """One step of the label set.

    `add` takes a name and what else is known of the new category; a removed name comes back with its id. `change` takes
    an id and all of the category as it is to be. `remove` takes the id of a category without segments. `merge` gives
    the segments of `id` to `into_id` and removes it. `reorder` takes all ids. `undo` takes the newest step back.
    """

    model_config = ConfigDict(extra="forbid")

    workspace: Annotated[str, Field(max_length=64, description="the id of the workspace whose label set is meant")]
    base: Annotated[int, Field(ge=0, le=2**53, description="the label set's revision that was changed")]
    kind: Literal["add", "change", "remove", "merge", "reorder", "undo"]
    id: Annotated[Id | None, Field(description="for change, remove and merge")] = None
    into_id: Annotated[Id | None, Field(description="for merge")] = None
    name: Annotated[str, Field(max_length=4 * MAX_NAME_LENGTH, description="for add and change")] = ""
    is_thing: Annotated[bool, Field(description="for add and change; false: stuff")] = True
    colour: Annotated[
        tuple[Part, Part, Part] | None, Field(description="for add and change; null: a distinct one, or as it is")
    ] = None
    key: Annotated[
        str | None,
        Field(max_length=MAX_KEY_LENGTH, description="for add and change; null: a digit that is left, by its place"),
    ] = None
    order: Annotated[list[Id], Field(max_length=MAX_CATEGORIES, description="for reorder: all ids")] = []

    def request(self) -> LabelSetRequest:
        return LabelSetRequest(
            kind=LabelEdit(self.kind),
            category_id=self.id,
            into_id=self.into_id,
            name=self.name.strip(),
            is_thing=self.is_thing,
            colour=self.colour,
            key=self.key,
            order=tuple(self.order),
        )


@router.get("", summary="Read the label set", responses=REFUSED)
def read(running: Running) -> LabelSetJson:
    """Its categories with what each is used for, and the newest changes."""
    state = read_label_set(running.workspace)
    known = {change.id: change for change in state.changes}
    return {
        "workspace": running.workspace.id,
        "revision": state.revision,
        "categories": [
            {
                **category_json(count.category),
                "segments": count.segments,
                "images": count.images,
                "segments_on_deleted": state.on_deleted.get(count.category.id, 0),
            }
            for count in state.categories
        ],
        "changes": [_change_json(change, known) for change in state.changes],
        "undoable": None if state.undoable is None else _change_json(state.undoable, known),
    }


@router.post("/changes", summary="Change the label set", responses=STALE | ELSEWHERE | REFUSED | FAILED)
def change(body: LabelChangeBody, running: Running, user: User) -> LabelSetChangedJson:
    """Save one step; the answer comes after the commit."""
    if body.workspace != running.workspace.id:
        raise OtherWorkspace(f"another workspace, {running.workspace.folder.name}, is open here now; reload the page")
    outcome = change_label_set(running.workspace, body.request(), user=user, base=body.base)
    return {"revision": outcome.revision, "id": outcome.category_id, "told": outcome.told}


def _change_json(change: LabelChange, known: Mapping[int, LabelChange]) -> LabelChangeJson:
    return {
        "id": change.id,
        "at": change.made_at.isoformat(),
        "user": change.user,
        "told": described(change, known),
        "undone": change.undone,
    }
