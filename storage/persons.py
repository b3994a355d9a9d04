"""The people who may log in, and the secret that signs what their browsers keep."""

from __future__ import annotations

import secrets
import unicodedata
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, insert, select, update
from sqlalchemy.orm import Session

from core.annotation.errors import MaskwrightError
from storage.tables import PersonRow, SettingRow

MAX_NAME_LENGTH = 64
# Who works without logging in, and who imports at the command line, stand in the log under this name.
LOCAL_USER = "local"
# Under it the secret stands in the table of settings; a backup leaves it out.
SECRET_NAME = "session_secret"  # noqa: S105 — the name of a row
_SECRET_BYTES = 32


class PersonError(MaskwrightError):
    """A person who cannot be added, or is not there."""


@dataclass(frozen=True)
class Person:
    """Somebody who may log in. `sessions`: what they were given under a lower number is no longer valid."""

    id: int
    name: str
    search_name: str
    password_hash: str
    sessions: int
    added_at: datetime


_SELECT: Select[Any] = select(*(getattr(PersonRow, each.name) for each in fields(Person))).where(
    PersonRow.removed_at.is_(None)
)


def list_persons(session: Session) -> tuple[Person, ...]:
    """Everybody who may log in, by name."""
    return tuple(Person(*row) for row in session.execute(_SELECT.order_by(PersonRow.search_name)))


def has_persons(session: Session) -> bool:
    """Whether anybody has to log in."""
    return session.scalar(select(PersonRow.id).where(PersonRow.removed_at.is_(None)).limit(1)) is not None


def find_person(session: Session, name: str) -> Person:
    """Raises PersonError when nobody who may log in is called so."""
    row = session.execute(_SELECT.where(PersonRow.search_name == searched_name(name))).one_or_none()
    if row is None:
        raise PersonError(f"nobody is called {name!r:.100}; `user list` tells who there is")
    return Person(*row)


def check_new_name(session: Session, name: str) -> str:
    """The name as it would be kept. Raises PersonError for one that cannot be a name or that somebody has."""
    kept = unicodedata.normalize("NFKC", name).strip()
    # HTTP's basic authentication ends a name at its first colon.
    if not 0 < len(kept) <= MAX_NAME_LENGTH or not kept.isprintable() or ":" in kept:
        raise PersonError(
            f"a name is 1 to {MAX_NAME_LENGTH} printable characters without a colon, got {name!r:.100}; choose another"
        )
    if searched_name(kept) == LOCAL_USER:
        raise PersonError(f"{kept!r} stands in the log for whoever works without logging in; choose another name")
    known = session.execute(_SELECT.where(PersonRow.search_name == searched_name(kept))).one_or_none()
    if known is not None:
        raise PersonError(
            f"{Person(*known).name} is there already; choose another name, or `user password` gives a new password"
        )
    return kept


def add_person(session: Session, name: str, password_hash: str) -> Person:
    """Let somebody log in; one who was removed comes back under the name that the log knows. Raises PersonError as
    `check_new_name`."""
    name = check_new_name(session, name)
    searched = searched_name(name)
    back = {"removed_at": None, "password_hash": password_hash, "sessions": PersonRow.sessions + 1}
    known = session.scalar(
        update(PersonRow).where(PersonRow.search_name == searched).values(back).returning(PersonRow.id)
    )
    if known is None:
        made = {"name": name, "search_name": searched, "password_hash": password_hash, "sessions": 0}
        session.execute(insert(PersonRow).values(**made, added_at=datetime.now(UTC)))
    return find_person(session, name)


def set_password(session: Session, name: str, password_hash: str) -> Person:
    """Give another password and end all sessions. Raises PersonError."""
    return _changed(session, name, password_hash=password_hash)


def end_sessions(session: Session, name: str) -> Person:
    """Log somebody out everywhere. Raises PersonError."""
    return _changed(session, name)


def remove_person(session: Session, name: str) -> Person:
    """Let somebody log in no more; what they did stays in the log. Raises PersonError."""
    return _changed(session, name, removed_at=datetime.now(UTC))


def session_secret(session: Session) -> str:
    """What signs the browsers' sessions: made once, the same for every server of the workspace. Needs a session that
    writes."""
    known = session.scalar(select(SettingRow.value).where(SettingRow.name == SECRET_NAME))
    if known is None:
        known = secrets.token_hex(_SECRET_BYTES)
        session.add(SettingRow(name=SECRET_NAME, value=known))
    return known


def searched_name(name: str) -> str:
    """The name as it is told from others: neither case nor the way a letter is written in Unicode counts."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).strip().casefold())


def _changed(session: Session, name: str, **values: Any) -> Person:
    person = find_person(session, name)
    changed = {**values, "sessions": PersonRow.sessions + 1}
    session.execute(update(PersonRow).where(PersonRow.id == person.id).values(changed))
    return person
