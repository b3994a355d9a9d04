"""The log-ins that somebody ended: a browser's cookie may outlive them."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from storage.tables import SettingRow

# One row of the settings each: as many as log-outs in the lifetime of a cookie.
_PREFIX = "logged_out."
_IS_ONE = SettingRow.name.startswith(_PREFIX, autoescape=True)


def note_log_out(session: Session, login_id: str, *, until: datetime) -> None:
    """Remember that this log-in has ended, `until` its cookies are too old anyway; forgets those that are."""
    session.execute(delete(SettingRow).where(_IS_ONE, SettingRow.value < _written(datetime.now(UTC))))
    session.merge(SettingRow(name=_PREFIX + login_id, value=_written(until)))


def logged_out(session: Session) -> frozenset[str]:
    """The ids of the log-ins that have ended."""
    return frozenset(name.removeprefix(_PREFIX) for name in session.scalars(select(SettingRow.name).where(_IS_ONE)))


def _written(moment: datetime) -> str:
    """All of one length, so that they sort as text."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")
