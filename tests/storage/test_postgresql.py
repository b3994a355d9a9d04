"""What is PostgreSQL's alone; all that both databases do is tested where `database` is."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

import storage.postgresql
from core.annotation.corrections import Operation, Request
from core.annotation.errors import StorageError
from storage.addresses import postgresql_url
from storage.corrections import history
from storage.engine import Database
from storage.errors import NotFound
from storage.images import add_image, count_images, get_image
from storage.schema import upgrade
from storage.snapshots import load_snapshot
from storage.workspace import Workspace
from tests.serving import free_port
from tests.storage.postgres import GUARDED_USER, PASSWORD, PostgresServer
from tests.storage.stored_samples import correct, filled_image, new_image


@pytest.fixture
def served(postgres_url: str) -> Iterator[Database]:
    database = Database(postgresql_url(postgres_url))
    yield database
    database.close()


def cut_connections(server: PostgresServer, database: Database) -> None:
    named = f"datname = '{database.url.database}'"
    server.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {named}")  # noqa: S608 — our name


def test_a_writer_takes_the_lock_and_flushes(served: Database) -> None:
    with served.write() as session:
        settings = {name: session.scalar(text(f"SHOW {name}")) for name in ("lock_timeout", "synchronous_commit")}
        locks = session.scalar(text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"))
    assert settings == {"lock_timeout": "10s", "synchronous_commit": "on"}
    assert locks == 1


def test_a_database_that_stays_locked_is_said_so(served: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage.postgresql, "BUSY_TIMEOUT_MS", 20)
    with (
        served.write(),
        pytest.raises(StorageError, match="was not changed: another program kept it locked"),
        served.write(),
    ):
        pass
    with served.write() as session:
        add_image(session, new_image())


def test_a_connection_that_is_cut_at_rest_is_replaced(postgres: PostgresServer, served: Database) -> None:
    with served.write() as session:
        add_image(session, new_image())
    cut_connections(postgres, served)
    with served.read() as session:
        assert count_images(session) == (1, 0)


def test_a_connection_that_is_cut_in_the_middle_is_said_and_replaced(
    postgres: PostgresServer, served: Database
) -> None:
    def save() -> None:
        with served.write() as session:
            add_image(session, new_image())
            cut_connections(postgres, served)
            count_images(session)

    with pytest.raises(StorageError, match="stopped answering, so it is not known"):
        save()
    with served.write() as session:
        assert count_images(session) == (0, 0)


def test_work_goes_on_after_the_server_was_started_again(postgres: PostgresServer, served: Database) -> None:
    with served.write() as session:
        add_image(session, new_image())
    postgres.stop()
    with pytest.raises(StorageError, match=r"no server answers there|stopped answering"), served.read() as session:
        count_images(session)
    postgres.start()
    with served.write() as session:
        assert count_images(session) == (1, 0)


@pytest.mark.parametrize("number", [2**31, 2**53, 2**63 - 1])
def test_a_number_beyond_32_bits_is_not_there(served: Database, number: int) -> None:
    with served.read() as session:
        with pytest.raises(NotFound):
            get_image(session, number)
        with pytest.raises(NotFound):
            load_snapshot(session, number)


def test_the_log_is_not_emptied(served: Database) -> None:
    with served.write() as session:
        image_id = filled_image(session)
        correct(session, image_id, Request(Operation.DONE))
    with pytest.raises(StorageError, match=r"changed: the log of corrections is only ever appended to$"):  # noqa: SIM117
        with served.write() as session:
            session.execute(text("TRUNCATE correction"))
    with served.read() as session:
        assert len(history(session, image_id)) == 1


def test_servers_that_start_at_once_migrate_once(postgres: PostgresServer) -> None:
    with postgres.database(template="template1") as address:
        url = make_url(address)
        failures: list[Exception] = []

        def start() -> None:
            try:
                upgrade(url)
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=start) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert len(postgres.execute("SELECT version_num FROM alembic_version", str(url.database))) == 1


def test_a_database_of_another_program_is_refused_unchanged(postgres: PostgresServer, tmp_path: Path) -> None:
    with postgres.database(template="template1") as address:
        name = str(make_url(address).database)
        postgres.execute("CREATE TABLE recipe (name TEXT)", name)
        with pytest.raises(StorageError, match="database of another program"):
            Workspace.open(tmp_path / "workspace", database=address)
        tables = postgres.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", name)
        assert tables == [("recipe",)]


def refusal(address: str, folder: Path) -> str:
    with pytest.raises(StorageError) as refused:
        Workspace.open(folder, database=address)
    return str(refused.value)


def test_each_way_not_to_get_in_has_its_remedy(postgres: PostgresServer, new_postgres_url: str, tmp_path: Path) -> None:
    url = make_url(new_postgres_url)
    nobody = url.set(port=free_port()).render_as_string(hide_password=False)
    assert "no server answers there; start it" in refusal(nobody, tmp_path)
    absent = url.set(database="absent").render_as_string(hide_password=False)
    assert "no such database; make it with createdb" in refusal(absent, tmp_path)
    wrong = url.set(username=GUARDED_USER, password="wr0ng").render_as_string(hide_password=False)
    for address in (wrong, url.set(username=GUARDED_USER).render_as_string(hide_password=False)):
        said = refusal(address, tmp_path)
        assert "refused the user or the password" in said
        assert "wr0ng" not in said
    postgres.execute(f"ALTER DATABASE {url.database} CONNECTION LIMIT 0")
    right = url.set(username=GUARDED_USER, password=PASSWORD).render_as_string(hide_password=False)
    assert "no free connection" in refusal(right, tmp_path)
    postgres.execute(f"ALTER DATABASE {url.database} CONNECTION LIMIT -1")
    said = refusal(right, tmp_path)
    assert "let the database's owner give this user its rights" in said
    assert PASSWORD not in said


def test_a_password_with_every_awkward_sign_gets_in(postgres: PostgresServer, new_postgres_url: str) -> None:
    url = make_url(new_postgres_url).set(username=GUARDED_USER, password=PASSWORD)
    postgres.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {GUARDED_USER}", str(url.database))
    database = Database(postgresql_url(url.render_as_string(hide_password=False)))
    with database.read() as session:
        assert count_images(session) == (0, 0)
    assert PASSWORD not in database.name
    database.close()
