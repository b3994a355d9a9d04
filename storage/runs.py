"""Runs: what was asked, which process does it, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from storage.errors import NotFound
from storage.tables import RunRow, RunState

ACTIVE = (RunState.STARTING, RunState.RUNNING)


@dataclass(frozen=True)
class ProcessName:
    """A process that the system cannot mistake for a later one with the same number: `started` is when it began."""

    pid: int
    started: str


@dataclass(frozen=True)
class NewRun:
    """A run to record. parent_*: the model it begins from.   request: what was asked, as plain JSON values."""

    snapshot_id: int
    parent_sha256: str
    parent_name: str
    request: Mapping[str, Any]


@dataclass(frozen=True)
class RunRecord(NewRun):
    """A stored run, and how far it is. `process` is None until one has taken it up."""

    id: int
    state: RunState
    message: str
    process: ProcessName | None
    started_at: datetime
    ended_at: datetime | None

    @property
    def active(self) -> bool:
        """Whether it has yet to end, or its process died without a word."""
        return self.state in ACTIVE


def add_run(session: Session, run: NewRun, *, process: ProcessName) -> RunRecord:
    """Record a run that `process` is starting."""
    row = RunRow(
        snapshot_id=run.snapshot_id,
        state=RunState.STARTING,
        parent_sha256=run.parent_sha256,
        parent_name=run.parent_name,
        request=dict(run.request),
        message="",
        process_id=process.pid,
        process_started=process.started,
        started_at=datetime.now(UTC),
        ended_at=None,
    )
    session.add(row)
    session.flush()
    return _record(row)


def get_run(session: Session, run_id: int) -> RunRecord:
    """The run with this number. Raises NotFound."""
    row = session.get(RunRow, run_id, populate_existing=True)
    if row is None:
        raise NotFound(f"the workspace has no run {run_id}; choose one of its list")
    return _record(row)


def list_runs(session: Session) -> tuple[RunRecord, ...]:
    """All runs, the newest first."""
    return tuple(map(_record, session.scalars(select(RunRow).order_by(RunRow.id.desc()))))


def active_runs(session: Session) -> tuple[RunRecord, ...]:
    """Those that have yet to end, the newest first; one whose process died is still among them."""
    rows = session.scalars(select(RunRow).where(RunRow.state.in_(ACTIVE)).order_by(RunRow.id.desc()))
    return tuple(map(_record, rows))


def take_up_run(session: Session, run_id: int, state: RunState, process: ProcessName) -> None:
    """Say that `process` does the run from now on, in an active `state`."""
    values = {"process_id": process.pid, "process_started": process.started, "ended_at": None, "message": ""}
    session.execute(update(RunRow).where(RunRow.id == run_id).values(state=state, **values))


def say_of_run(session: Session, run_id: int, message: str) -> None:
    """What the run does at the moment, in words."""
    session.execute(update(RunRow).where(RunRow.id == run_id).values(message=message))


def end_run(session: Session, run_id: int, state: RunState, message: str) -> None:
    """Record how the run ended, and when."""
    assert state not in ACTIVE, f"{state} is no end"
    session.execute(
        update(RunRow).where(RunRow.id == run_id).values(state=state, message=message, ended_at=datetime.now(UTC))
    )


def _record(row: RunRow) -> RunRecord:
    known = row.process_id is not None and row.process_started is not None
    return RunRecord(
        id=row.id,
        snapshot_id=row.snapshot_id,
        parent_sha256=row.parent_sha256,
        parent_name=row.parent_name,
        request=row.request,
        state=row.state,
        message=row.message,
        process=ProcessName(row.process_id or 0, row.process_started or "") if known else None,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )
