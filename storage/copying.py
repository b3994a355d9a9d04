"""All rows of one workspace's database in another's, of either kind: a backup of a server's, or a move to one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Table, func, insert, select
from sqlalchemy.orm import Session

from core.annotation.errors import StorageError
from storage.addresses import is_sqlite
from storage.engine import Database
from storage.tables import Base, SettingRow

Progress = Callable[[int, int], None]

# A row is some hundred bytes, one of the log up to megabytes: memory stays small, round trips few.
_ROWS_AT_ONCE = 200


def copy_rows(source: Database, target: Database, *, progress: Progress) -> None:
    """Copy every table of `source`, as it stands at one moment, into `target`, which has its schema and no rows.

    Whole or not at all. progress: called with (rows copied, rows in all). Raises StorageError.
    """
    with source.read() as reading, target.write() as written:
        if written.scalar(select(func.count()).select_from(SettingRow)):
            raise StorageError(f"{target.name} holds a workspace already; name an empty database")
        total = sum(_count(reading, table) for table in _tables())
        copied = 0
        for table in _tables():
            for rows in _chunks(reading.connection(), table):
                written.execute(insert(table), [dict(row._mapping) for row in rows])
                copied += len(rows)
                progress(copied, total)
        if not is_sqlite(target.url):
            _count_on(written)


def _tables() -> Sequence[Table]:
    """Those that others refer to come first."""
    return Base.metadata.sorted_tables


def _count(session: Session, table: Table) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def _chunks(connection: Connection, table: Table) -> Iterator[Sequence[Row[Any]]]:
    ordered = select(table).order_by(*table.primary_key)
    yield from connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(ordered).partitions()


def _count_on(session: Session) -> None:
    """Let PostgreSQL number new rows after the copied ones."""
    for table in _tables():
        numbered = table.autoincrement_column
        if numbered is None:
            continue
        sequence = session.scalar(select(func.pg_get_serial_sequence(f'"{table.name}"', numbered.name)))
        if sequence is not None:
            last = select(func.max(numbered)).scalar_subquery()
            session.execute(select(func.setval(sequence, func.coalesce(last, 1), last.is_not(None))))
