"""Tables whose rows the database itself keeps as they are, in each database's own words."""

from __future__ import annotations

from alembic import op


def refuse_changes(table: str, reason: str) -> None:
    """Let rows be added to `table` and neither changed nor deleted; `reason` is what the error says."""
    if op.get_bind().dialect.name == "postgresql":
        _refuse_on_postgresql(table, reason)
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_refuses_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{reason}'); END"
        )


def _refuse_on_postgresql(table: str, reason: str) -> None:
    op.execute(
        f"CREATE FUNCTION {table}_refuses() RETURNS trigger LANGUAGE plpgsql "
        f"AS $$ BEGIN RAISE EXCEPTION '{reason}'; END $$"
    )
    for verb, times in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
        op.execute(
            f"CREATE TRIGGER {table}_refuses_{verb.lower()} BEFORE {verb} ON {table} "
            f"FOR EACH {times} EXECUTE FUNCTION {table}_refuses()"
        )
