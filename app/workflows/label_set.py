"""The label set: read with what it is used for, changed by one step at a time, each with its line in the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from secrets import token_hex

from sqlalchemy.orm import Session

from app.workflows.label_words import described, moved
from core.annotation.errors import LabelSetError
from core.annotation.label_edits import LabelEdit
from core.annotation.labels import Category, Colour
from core.annotation.words import counted
from storage.categories import add_category, load_label_set, remove_category, reorder_categories, update_category
from storage.counts import segments_on_deleted
from storage.label_changes import (
    LabelChange,
    StaleLabelSet,
    label_set_revision,
    last_undoable,
    list_label_changes,
    record_label_change,
    undo_label_change,
)
from storage.relabelling import relabel_everywhere
from storage.statistics import CategoryCount, count_categories
from storage.workspace import Workspace

# Enough to see what the others did; the log itself keeps all.
SHOWN_CHANGES = 30


@dataclass(frozen=True)
class LabelSetState:
    """The label set as its editor shows it: each category with what it is used for, the newest steps, the newest
    first, and the one that an undo would take back. `on_deleted`: segments of deleted images by category id, which the
    counts leave out."""

    revision: int
    categories: tuple[CategoryCount, ...]
    on_deleted: Mapping[int, int]
    changes: tuple[LabelChange, ...]
    undoable: LabelChange | None


@dataclass(frozen=True)
class LabelSetRequest:
    """One step. `add` and `change` take all of a category, `add` without an id and perhaps without a colour; `remove`
    an id; `merge` an id and the one that gets its segments; `reorder` all ids; `undo` nothing."""

    kind: LabelEdit
    category_id: int | None = None
    into_id: int | None = None
    name: str = ""
    is_thing: bool = True
    colour: Colour | None = None
    key: str | None = None
    order: tuple[int, ...] = ()


@dataclass(frozen=True)
class LabelSetOutcome:
    """A saved step: the id of the category that it is about, if of one, and what was done in words."""

    revision: int
    category_id: int | None
    told: str


def read_label_set(workspace: Workspace) -> LabelSetState:
    """The label set of this moment."""
    with workspace.database.read() as session:
        return LabelSetState(
            label_set_revision(session),
            count_categories(session),
            segments_on_deleted(session),
            list_label_changes(session, limit=SHOWN_CHANGES),
            last_undoable(session),
        )


def change_label_set(workspace: Workspace, request: LabelSetRequest, *, user: str, base: int) -> LabelSetOutcome:
    """Save one step. Raises StaleLabelSet when another came first, LabelSetError when it does not fit; then nothing
    was changed."""
    with workspace.database.write() as session:
        revision = label_set_revision(session)
        if revision != base:
            raise StaleLabelSet(base=base, revision=revision)
        return _STEPS[request.kind](session, request, user)


def _add(session: Session, request: LabelSetRequest, user: str) -> LabelSetOutcome:
    before = load_label_set(session)
    made = add_category(session, name=request.name, is_thing=request.is_thing, colour=request.colour, key=request.key)
    revision = record_label_change(session, user=user, kind=LabelEdit.ADD, before=before)
    return LabelSetOutcome(revision, made.id, f"Added “{made.name}”.")


def _change(session: Session, request: LabelSetRequest, user: str) -> LabelSetOutcome:
    before = load_label_set(session)
    category = before.get(_required(request.category_id, "id"))
    colour = request.colour or category.colour
    update_category(session, Category(category.id, request.name, request.is_thing, colour, request.key))
    revision = record_label_change(session, user=user, kind=LabelEdit.CHANGE, before=before)
    return LabelSetOutcome(revision, category.id, f"Changed “{request.name}”.")


def _remove(session: Session, request: LabelSetRequest, user: str) -> LabelSetOutcome:
    before = load_label_set(session)
    category = before.get(_required(request.category_id, "id"))
    remove_category(session, category.id)
    revision = record_label_change(session, user=user, kind=LabelEdit.REMOVE, before=before)
    return LabelSetOutcome(revision, None, f"Removed “{category.name}”.")


def _merge(session: Session, request: LabelSetRequest, user: str) -> LabelSetOutcome:
    before = load_label_set(session)
    gone = before.get(_required(request.category_id, "id"))
    into = before.get(_required(request.into_id, "into_id"))
    if gone is into:
        raise LabelSetError(f"{gone.name!r} cannot become itself; choose another category")
    number = next(count for count in count_categories(session) if count.category.id == gone.id)
    hidden = segments_on_deleted(session).get(gone.id, 0)
    images = relabel_everywhere(session, user=user, client=_client(), from_id=gone.id, to_id=into.id)
    remove_category(session, gone.id)
    revision = record_label_change(
        session, user=user, kind=LabelEdit.MERGE, before=before, images=images, target=into.id
    )
    used = f"{counted(number.segments, 'segment')} in {counted(number.images, 'image')}"
    if hidden:
        used += f", and {counted(hidden, 'segment')} on deleted images"
    return LabelSetOutcome(revision, into.id, f"“{gone.name}” became “{into.name}”: {used}.")


def _reorder(session: Session, request: LabelSetRequest, user: str) -> LabelSetOutcome:
    before = load_label_set(session)
    reorder_categories(session, request.order)
    revision = record_label_change(session, user=user, kind=LabelEdit.REORDER, before=before)
    told = moved(before, load_label_set(session))
    return LabelSetOutcome(revision, None, f"{told[0].upper()}{told[1:]}.")


def _undo(session: Session, _: LabelSetRequest, user: str) -> LabelSetOutcome:
    change, left = undo_label_change(session, user=user, client=_client())
    told = f"Undone: {described(change)}."
    if left:
        told += f" {counted(left, 'segment')} stayed as they are: they were changed since."
    return LabelSetOutcome(label_set_revision(session), None, told)


_STEPS: Mapping[LabelEdit, Callable[[Session, LabelSetRequest, str], LabelSetOutcome]] = {
    LabelEdit.ADD: _add,
    LabelEdit.CHANGE: _change,
    LabelEdit.REMOVE: _remove,
    LabelEdit.MERGE: _merge,
    LabelEdit.REORDER: _reorder,
    LabelEdit.UNDO: _undo,
}


def _required(value: int | None, name: str) -> int:
    if value is None:
        raise LabelSetError(f"{name} is missing; name the category by its id")
    return value


def _client() -> str:
    """Names the corrections that a merge makes, as a page's name does for its own."""
    return token_hex(16)
