"""The log of the label set: who changed what, and how the newest step is taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from core.annotation.errors import LabelSetError, StorageError
from core.annotation.label_edits import LabelEdit, taken_back
from core.annotation.labels import Category, LabelSet
from storage.categories import load_label_set, write_label_set
from storage.relabelling import unrelabel
from storage.tables import LabelChangeRow

# Steps that an undo passes over: its own, and what came with a data set.
_NOT_UNDONE = (LabelEdit.UNDO, LabelEdit.IMPORT)


class StaleLabelSet(StorageError):  # noqa: N818 — named like StaleRevision, for what happened
    """A change made from an older label set than the stored one, `revision`; nothing was saved."""

    def __init__(self, *, base: int, revision: int) -> None:
        super().__init__(
            f"the label set is at change {revision} and this one was made at {base}; "
            "load it again and repeat the change"
        )
        self.revision = revision


@dataclass(frozen=True)
class LabelChange:
    """One step. `images`: (id, revision) of each image whose segments a merge, or its undo, relabelled. `target`: the
    step that an undo took back, or the category that a merge gave the segments to. `undone`: whether it is."""

    id: int
    made_at: datetime
    user: str
    kind: LabelEdit
    before: LabelSet
    after: LabelSet
    images: tuple[tuple[int, int], ...]
    target: int | None
    undone: bool


def label_set_revision(session: Session) -> int:
    """Grows with each change of the label set; 0 before the first."""
    return session.scalar(select(func.max(LabelChangeRow.id))) or 0


def record_label_change(
    session: Session,
    *,
    user: str,
    kind: LabelEdit,
    before: LabelSet,
    images: Sequence[tuple[int, int]] = (),
    target: int | None = None,
) -> int:
    """Append a step that this transaction made, from `before` to the set as it is now; gives the new revision."""
    after = load_label_set(session)
    number = label_set_revision(session) + 1
    session.execute(
        insert(LabelChangeRow).values(
            id=number,
            made_at=datetime.now(UTC),
            user=user,
            kind=kind,
            before=_to_json(before),
            after=_to_json(after),
            images=[list(pair) for pair in images],
            target=target,
        )
    )
    return number


def list_label_changes(session: Session, *, limit: int) -> tuple[LabelChange, ...]:
    """The newest steps, the newest first."""
    rows = session.scalars(select(LabelChangeRow).order_by(LabelChangeRow.id.desc()).limit(limit)).all()
    undone = _undone(session)
    return tuple(_loaded(row, undone) for row in rows)


def last_undoable(session: Session) -> LabelChange | None:
    """The newest step that is not taken back yet and can be."""
    undone = _undone(session)
    chosen = (
        select(LabelChangeRow)
        .where(LabelChangeRow.kind.not_in(_NOT_UNDONE), LabelChangeRow.id.not_in(undone))
        .order_by(LabelChangeRow.id.desc())
        .limit(1)
    )
    row = session.scalar(chosen)
    return None if row is None else _loaded(row, undone)


def undo_label_change(session: Session, *, user: str, client: str) -> tuple[LabelChange, int]:
    """Take the newest step back; gives it, and how many segments of a merge stay, because they were changed since.

    Raises LabelSetError when there is none, when segments have a category that would go, or when a name or key that
    would come back is another's now.
    """
    change = last_undoable(session)
    if change is None:
        raise LabelSetError("no change of the label set is left to undo")
    before = load_label_set(session)
    write_label_set(session, taken_back(before, change.before, change.after))
    images: Sequence[tuple[int, int]] = ()
    left = 0
    if change.kind is LabelEdit.MERGE:
        images, left = unrelabel(session, user=user, client=client, images=change.images)
    record_label_change(session, user=user, kind=LabelEdit.UNDO, before=before, images=images, target=change.id)
    return change, left


def _undone(session: Session) -> frozenset[int]:
    targets = session.scalars(select(LabelChangeRow.target).where(LabelChangeRow.kind == LabelEdit.UNDO))
    return frozenset(target for target in targets if target is not None)


def _loaded(row: LabelChangeRow, undone: frozenset[int]) -> LabelChange:
    return LabelChange(
        id=row.id,
        made_at=row.made_at,
        user=row.user,
        kind=LabelEdit(row.kind),
        before=_from_json(row.before),
        after=_from_json(row.after),
        images=tuple((image_id, revision) for image_id, revision in row.images),
        target=row.target,
        undone=row.id in undone,
    )


def _to_json(label_set: LabelSet) -> list[list[Any]]:
    return [[item.id, item.name, item.is_thing, list(item.colour), item.key] for item in label_set]


def _from_json(rows: Sequence[Sequence[Any]]) -> LabelSet:
    return LabelSet.of(
        Category(number, name, is_thing, (colour[0], colour[1], colour[2]), key)
        for number, name, is_thing, colour, key in rows
    )
