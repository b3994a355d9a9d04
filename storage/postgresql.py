"""PostgreSQL's engine: one writer at a time, readers that see one state, connections that outlive its restarts."""

from __future__ import annotations

from sqlalchemy import URL, Connection, Engine, create_engine, event

from storage.transactions import BUSY_TIMEOUT_MS, begins_writing, to_json

# "maskwright" in a phone's digits, cut to 32 bits: the advisory lock of a database's one writer.
WRITER_LOCK = 627_594_744
# A server that does not answer by then is off or behind a firewall.
_CONNECT_TIMEOUT_S = 10

# The lock stands first: what the writer reads afterwards was committed by the writer before it.
# A team's database may have synchronous_commit off, and "saved" means flushed.
_BEGIN_WRITING = (
    f"SET LOCAL lock_timeout = {{timeout_ms}}; SET LOCAL synchronous_commit = on; "
    f"SELECT pg_advisory_xact_lock({WRITER_LOCK})"
)
_BEGIN_READING = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"


def postgresql_engine(url: URL) -> Engine:
    """An engine on the server's database; a connection that the server closed meanwhile is replaced."""
    engine = create_engine(
        url,
        json_serializer=to_json,
        pool_pre_ping=True,
        connect_args={"connect_timeout": _CONNECT_TIMEOUT_S, "application_name": "maskwright"},
    )

    def begin(connection: Connection) -> None:
        writes = begins_writing(connection)
        connection.exec_driver_sql(_BEGIN_WRITING.format(timeout_ms=BUSY_TIMEOUT_MS) if writes else _BEGIN_READING)

    event.listen(engine, "begin", begin)
    return engine
