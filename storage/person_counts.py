"""What each person has done: kept with the log in one transaction, so that nobody counts a million corrections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import Table, case, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from core.annotation.changes import Change
from core.annotation.corrections import Operation
from storage.tables import CorrectionRow, ImageRow, PersonCountRow

_COUNT = cast(Table, PersonCountRow.__table__)


def _adding(insert_: sqlite.Insert | postgresql.Insert) -> sqlite.Insert | postgresql.Insert:
    added = {name: _COUNT.c[name] + insert_.excluded[name] for name in ("corrections", "segments")}
    later = case((insert_.excluded.last_at > _COUNT.c.last_at, insert_.excluded.last_at), else_=_COUNT.c.last_at)
    return insert_.on_conflict_do_update(
        index_elements=[_COUNT.c.user, _COUNT.c.operation], set_={**added, "last_at": later}
    )


# Built once: a correction waits for building a statement longer than for the database.
_ADD = {"sqlite": _adding(sqlite.insert(_COUNT)), "postgresql": _adding(postgresql.insert(_COUNT))}


@dataclass(frozen=True)
class PersonCount:
    """What somebody did: corrections by kind, the segments they made, less those they took back, the images they
    marked done that are done, and the moment of their last correction."""

    user: str
    corrections: Mapping[Operation, int]
    segments_made: int
    images_done: int
    last_at: datetime


def new_segments(operation: Operation, change: Change) -> int:
    """How many segments the person made by this; undo takes back what was made, and what it brings back is not new."""
    if operation is Operation.UNDO:
        return -sum(part.after is None for part in change.segments)
    return sum(part.before is None for part in change.segments)


def count_corrections(
    session: Session, user: str, operation: Operation, *, corrections: int, segments: int, at: datetime
) -> None:
    """Say that somebody made corrections of a kind, the last at this moment, and with them new segments.

    Called in the transaction that writes the log.
    """
    row = {"user": user, "operation": operation, "corrections": corrections, "segments": segments, "last_at": at}
    session.execute(_ADD[session.get_bind().dialect.name], row)


def load_person_counts(session: Session) -> tuple[PersonCount, ...]:
    """Of everybody the log names, by name."""
    done = _images_done(session)
    found: dict[str, list[PersonCountRow]] = {}
    for row in session.scalars(select(PersonCountRow).order_by(PersonCountRow.user, PersonCountRow.operation)):
        found.setdefault(row.user, []).append(row)
    return tuple(
        PersonCount(
            user,
            {row.operation: row.corrections for row in rows},
            sum(row.segments for row in rows),
            done.get(user, 0),
            max(row.last_at for row in rows),
        )
        for user, rows in sorted(found.items())
    )


def _images_done(session: Session) -> dict[str, int]:
    """Each image once for everybody who marked it done; it stands in the index of the log, and that of the images."""
    row = CorrectionRow
    marked = (
        select(row.user, row.image_id)
        .where(row.user.in_(select(PersonCountRow.user)), row.operation == Operation.DONE)
        .distinct()
        .subquery()
    )
    rows = session.execute(
        select(marked.c.user, func.count())
        .join(ImageRow, ImageRow.id == marked.c.image_id)
        .where(ImageRow.done)
        .group_by(marked.c.user)
    )
    return dict(rows.all())
