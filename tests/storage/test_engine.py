from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import event, func, insert, select

import storage.sqlite
from core.annotation.errors import StorageError
from storage.engine import Database
from storage.images import add_image, count_images
from storage.sqlite import journal_mode
from storage.tables import ImageRow
from storage.workspace import Workspace
from tests.storage.stored_samples import new_image


@pytest.mark.parametrize(
    ("version", "mode"),
    [
        ((3, 40, 1), "delete"),
        ((3, 44, 5), "delete"),
        ((3, 44, 6), "wal"),
        ((3, 45, 0), "delete"),
        ((3, 50, 6), "delete"),
        ((3, 50, 7), "wal"),
        ((3, 51, 2), "delete"),
        ((3, 51, 3), "wal"),
        ((3, 52, 0), "delete"),
        ((3, 53, 0), "wal"),
        ((4, 0, 0), "wal"),
    ],
)
def test_wal_is_for_sqlites_without_its_reset_fault(version: tuple[int, int, int], mode: str) -> None:
    assert journal_mode(version) == mode


def test_every_connection_has_the_rules_of_saving(workspace: Workspace) -> None:
    connections = [workspace.database.engine.connect() for _ in range(4)]
    rules = ("foreign_keys", "synchronous", "busy_timeout", "trusted_schema", "recursive_triggers", "journal_mode")
    for connection in connections:
        found = {rule: connection.exec_driver_sql(f"PRAGMA {rule}").scalar() for rule in rules}
        assert found == {
            "foreign_keys": 1,
            "synchronous": 2,
            "busy_timeout": 10_000,
            "trusted_schema": 0,
            "recursive_triggers": 1,
            "journal_mode": journal_mode(sqlite3.sqlite_version_info),
        }
    assert len({id(connection.connection.dbapi_connection) for connection in connections}) == 4
    for connection in connections:
        connection.close()


def test_writers_begin_immediate_and_readers_do_not(sqlite_database: Database) -> None:
    database = sqlite_database
    said: list[str] = []
    event.listen(
        database.engine.pool,
        "checkout",
        lambda connection, _record, _proxy: connection.set_trace_callback(said.append),
    )
    with database.write() as session:
        count_images(session)
    assert [line for line in said if "BEGIN" in line] == ["BEGIN IMMEDIATE"]
    said.clear()
    with database.read() as session:
        count_images(session)
    assert [line for line in said if "BEGIN" in line] == ["BEGIN"]


def test_a_reading_session_cannot_write(database: Database) -> None:
    with pytest.raises(StorageError, match="may not be written"), database.read() as session:
        add_image(session, new_image())
    with database.write() as session:
        add_image(session, new_image())
        assert count_images(session) == (1, 0)


def test_a_reader_sees_one_state_throughout(database: Database) -> None:
    def add() -> None:
        with database.write() as session:
            add_image(session, new_image())

    writer = threading.Thread(target=add)
    with database.read() as session:
        assert count_images(session) == (0, 0)
        writer.start()
        writer.join(timeout=0.3)  # with the DELETE journal its commit waits for this reader
        assert count_images(session) == (0, 0)
    writer.join()
    with database.read() as session:
        assert count_images(session) == (1, 0)


def test_writers_of_one_process_wait_for_each_other(database: Database) -> None:
    def add_many(thread: int) -> None:
        for number in range(10):
            with database.write() as session:
                before = session.scalar(select(func.count()).select_from(ImageRow)) or 0
                add_image(session, new_image(f"{thread} {number}"))
                counts.append(before)

    counts: list[int] = []
    threads = [threading.Thread(target=add_many, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(counts) == list(range(40))


def test_a_database_that_stays_locked_is_said_so(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage.sqlite, "BUSY_TIMEOUT_MS", 20)
    impatient = Database(workspace.database.path)
    with (
        workspace.database.write(),
        pytest.raises(StorageError, match=r"maskwright\.db was not changed: another program kept it locked"),
        impatient.write() as session,
    ):
        count_images(session)
    impatient.close()


def test_a_write_that_was_refused_leaves_the_lock_free(database: Database) -> None:
    with pytest.raises(StorageError), database.write() as session:
        session.execute(insert(ImageRow).values(sha256="a" * 64))
    with database.write() as session:
        assert add_image(session, new_image())[1]


@pytest.mark.parametrize(
    ("content", "remedy"),
    [(b"no database at all" * 99, "no SQLite database"), (b"SQLite format 3\0" + b"\xff" * 4096, "no SQLite database")],
)
def test_a_file_that_is_no_database_is_refused_unchanged(tmp_path: Path, content: bytes, remedy: str) -> None:
    path = tmp_path / "maskwright.db"
    path.write_bytes(content)
    with pytest.raises(StorageError, match=remedy):
        Workspace.open(tmp_path)
    assert path.read_bytes() == content


def test_a_damaged_database_says_so(workspace: Workspace) -> None:
    with workspace.database.write() as session:
        add_image(session, new_image())
    path = workspace.database.path
    workspace.close()
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xee" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(StorageError, match="damaged; put a backup copy in its place"):
        Workspace.open(workspace.folder)


def test_a_disk_error_in_the_block_becomes_a_storage_error(database: Database, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="Not a directory"), database.write():
        (tmp_path / "file" / "below a file").write_bytes(b"")
