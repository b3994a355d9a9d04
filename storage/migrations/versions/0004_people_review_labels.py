"""People, review and label sets that change: who may log in and did what, comments, keys, the label set's log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from storage.migrations.triggers import refuse_changes

revision = "0004"
down_revision = "0003"

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WORD = sa.String(16)
_MOMENT = sa.DateTime(timezone=True)
_CHUNK = 500

_CORRECTION = sa.table(
    "correction",
    *map(sa.column, ("id", "user", "operation", "created_at")),
    sa.column("change", sa.JSON()),
)
_PERSON_COUNT = sa.table("person_count", *map(sa.column, ("user", "operation", "corrections", "segments", "last_at")))


def upgrade() -> None:
    op.add_column("correction", sa.Column("comment", sa.Text()))
    op.create_index("ix_correction_user_operation", "correction", ["user", "operation", "image_id"])
    op.create_index("ix_image_listing_by_name", "image", ["search_name", "id", "state", "split", "best_score"])
    _add_key()
    _create_label_change()
    _create_person()
    _create_person_count()
    _fill_person_count()


def _add_key() -> None:
    op.add_column("category", sa.Column("key", _WORD))
    in_use = sa.text("removed_at IS NULL")
    op.create_index(
        "uq_category_key_in_use", "category", ["key"], unique=True, sqlite_where=in_use, postgresql_where=in_use
    )


def _create_label_change() -> None:
    op.create_table(
        "label_change",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("made_at", _MOMENT, nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("kind", _WORD, nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("images", sa.JSON(), nullable=False),
        sa.Column("target", _NUMBER),
        sa.PrimaryKeyConstraint("id", name="pk_label_change"),
    )
    refuse_changes("label_change", "the log of the label set is only ever appended to")


def _create_person() -> None:
    op.create_table(
        "person",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("search_name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("sessions", _NUMBER, nullable=False),
        sa.Column("added_at", _MOMENT, nullable=False),
        sa.Column("removed_at", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
        sa.UniqueConstraint("name", name="uq_person_name"),
        sa.UniqueConstraint("search_name", name="uq_person_search_name"),
    )


def _create_person_count() -> None:
    op.create_table(
        "person_count",
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("operation", _WORD, nullable=False),
        sa.Column("corrections", _NUMBER, nullable=False),
        sa.Column("segments", _NUMBER, nullable=False),
        sa.Column("last_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("user", "operation", name="pk_person_count"),
    )


def _fill_person_count() -> None:
    made = sa.select(
        _CORRECTION.c.user,
        _CORRECTION.c.operation,
        sa.func.count(),
        sa.literal_column("0"),
        sa.func.max(_CORRECTION.c.created_at),
    ).group_by(_CORRECTION.c.user, _CORRECTION.c.operation)
    connection = op.get_bind()
    connection.execute(sa.insert(_PERSON_COUNT).from_select([column.name for column in _PERSON_COUNT.c], made))
    segments: dict[tuple[str, str], int] = {}
    for user, operation, change in _log(connection):
        segments[user, operation] = segments.get((user, operation), 0) + _new_segments(operation, change)
    fill = (
        sa.update(_PERSON_COUNT)
        .where(_PERSON_COUNT.c.user == sa.bindparam("who"), _PERSON_COUNT.c.operation == sa.bindparam("what"))
        .values(segments=sa.bindparam("number"))
    )
    if segments:
        rows = [{"who": user, "what": operation, "number": number} for (user, operation), number in segments.items()]
        connection.execute(fill, rows)


def _log(connection: sa.Connection) -> Iterator[Any]:
    chosen = sa.select(_CORRECTION.c.user, _CORRECTION.c.operation, _CORRECTION.c.change).order_by(_CORRECTION.c.id)
    last = 0
    while True:
        rows = connection.execute(
            chosen.add_columns(_CORRECTION.c.id).where(_CORRECTION.c.id > last).limit(_CHUNK)
        ).all()
        if not rows:
            return
        yield from (row[:3] for row in rows)
        last = rows[-1].id


def _new_segments(operation: str, change: dict[str, Any]) -> int:
    """The rule of storage.person_counts as it was when this schema was made."""
    if operation == "undo":
        return -sum(part["after"] is None for part in change["segments"])
    return sum(part["before"] is None for part in change["segments"])
