"""What each person has done is what the log says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from core.annotation.changes import change_from_json
from core.annotation.corrections import Operation
from storage.checking.findings import Finding
from storage.engine import Database
from storage.person_counts import new_segments
from storage.tables import CorrectionRow, PersonCountRow

# A reading session keeps SQLite's writers waiting, so that each is short.
_STEPS_AT_ONCE = 500


@dataclass
class _Counted:
    """The log up to the line `last`: (corrections, segments, last moment) by user and operation."""

    last: int = 0
    rows: dict[tuple[str, Operation], tuple[int, int, datetime]] = field(default_factory=dict)

    def go_on(self, session: Session) -> bool:
        """Count the next lines; False at the log's end."""
        row = CorrectionRow
        steps = session.execute(
            select(row.id, row.user, row.operation, row.created_at, row.change)
            .where(row.id > self.last)
            .order_by(row.id)
            .limit(_STEPS_AT_ONCE)
        ).all()
        for number, user, operation, at, change in steps:
            made = new_segments(operation, change_from_json(change))
            corrections, segments, latest = self.rows.get((user, operation), (0, 0, at))
            self.rows[user, operation] = corrections + 1, segments + made, max(latest, at)
            self.last = number
        return len(steps) == _STEPS_AT_ONCE


def check_people(database: Database, *, repair: bool) -> Iterator[Finding]:
    """The counts by person follow from the log."""
    counted = _Counted()
    going_on = True
    while going_on:
        with database.read() as session:
            going_on = counted.go_on(session)
            wrong = 0 if going_on else _wrong(session, counted)
    if not wrong:
        return
    if repair:
        with database.write() as session:
            while counted.go_on(session):
                pass
            _write(session, counted)
    yield Finding(
        "counts",
        f"of {wrong} kinds of corrections by person",
        "they differ from the log",
        "run the check again with --repair",
        repair,
    )


def _wrong(session: Session, counted: _Counted) -> int:
    stored = {
        (row.user, row.operation): (row.corrections, row.segments, row.last_at)
        for row in session.scalars(select(PersonCountRow))
    }
    return sum(stored.get(key) != counted.rows.get(key) for key in {*stored, *counted.rows})


def _write(session: Session, counted: _Counted) -> None:
    session.execute(delete(PersonCountRow))
    rows = [
        {"user": user, "operation": operation, "corrections": corrections, "segments": segments, "last_at": at}
        for (user, operation), (corrections, segments, at) in counted.rows.items()
    ]
    if rows:
        session.execute(insert(PersonCountRow), rows)
