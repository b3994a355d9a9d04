from __future__ import annotations

import pytest

from storage.engine import Database
from storage.errors import NotFound
from storage.runs import (
    NewRun,
    ProcessName,
    active_runs,
    add_run,
    end_run,
    get_run,
    list_runs,
    say_of_run,
    take_up_run,
)
from storage.snapshots import SnapshotImage, add_snapshot
from storage.tables import Part, RunState
from tests.storage.stored_samples import filled_image

SERVER, CHILD = ProcessName(10, "100.5"), ProcessName(11, "101.25")


def new_run(snapshot_id: int) -> NewRun:
    return NewRun(snapshot_id, "a" * 64, "default", {"minutes": 0.5, "device": None})


def test_a_run_goes_from_its_start_to_its_end(database: Database) -> None:
    with database.write() as session:
        snapshot = add_snapshot(session, [SnapshotImage(filled_image(session), 0, Part.LEARN)])
        begun = add_run(session, new_run(snapshot.id), process=SERVER)
    assert (begun.state, begun.process, begun.ended_at, begun.active) == (RunState.STARTING, SERVER, None, True)
    with database.write() as session:
        take_up_run(session, begun.id, RunState.RUNNING, CHILD)
        say_of_run(session, begun.id, "learning")
        running = get_run(session, begun.id)
        assert (running.state, running.process, running.message) == (RunState.RUNNING, CHILD, "learning")
        assert active_runs(session) == (running,)
        end_run(session, begun.id, RunState.STOPPED, "stopped early")
    with database.read() as session:
        ended = get_run(session, begun.id)
        assert (ended.state, ended.message, ended.active) == (RunState.STOPPED, "stopped early", False)
        assert ended.ended_at is not None
        assert ended.ended_at >= ended.started_at
        assert dict(ended.request) == {"minutes": 0.5, "device": None}
        assert active_runs(session) == ()


def test_a_stopped_run_that_is_taken_up_again_has_no_end(database: Database) -> None:
    with database.write() as session:
        snapshot = add_snapshot(session, [SnapshotImage(filled_image(session), 0, Part.LEARN)])
        first, second = (add_run(session, new_run(snapshot.id), process=SERVER).id for _ in range(2))
        end_run(session, first, RunState.FAILED, "lost")
        take_up_run(session, first, RunState.STARTING, CHILD)
        assert (get_run(session, first).ended_at, get_run(session, first).message) == (None, "")
        assert [run.id for run in list_runs(session)] == [second, first]


def test_an_unknown_run_is_not_found(database: Database) -> None:
    with database.read() as session, pytest.raises(NotFound, match="no run 3"):
        get_run(session, 3)
