"""Several processes on one workspace, and processes that are killed: nothing that was committed is lost."""

from __future__ import annotations

import multiprocessing
import os
import random
import sqlite3
import sys
import time
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from storage.addresses import is_sqlite
from storage.corrections import find_recorded, history, rebuild
from storage.images import list_images
from storage.truths import load_truth
from storage.workspace import Workspace
from tests.storage.saving_worker import Saved, save_corrections
from tests.storage.stored_samples import filled_image

pytestmark = pytest.mark.skipif(
    "forkserver" not in multiprocessing.get_all_start_methods(), reason="this system cannot fork"
)

KILLS = 20
WRITERS = 8


@dataclass(frozen=True)
class Place:
    """Where a workspace is to be opened by each process."""

    folder: Path
    url: str | None

    def open(self) -> Workspace:
        return Workspace.open(self.folder, database=self.url)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    url = str(request.getfixturevalue("postgres_url")) if request.param == "postgresql" else None
    return Place(tmp_path / "workspace", url)


@pytest.fixture(scope="module", autouse=True)
def _fork_server() -> None:
    """A server with everything imported that forks each worker: fresh interpreters would take half a minute."""
    forkserver.set_forkserver_preload(["pytest", "tests.storage.saving_worker"])
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        forkserver.ensure_running()


def start(place: Place, client: str, count: int) -> tuple[BaseProcess, Connection]:
    context = multiprocessing.get_context("forkserver")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=save_corrections, args=(place.folder, place.url, client, count, theirs))
    process.start()
    theirs.close()
    return process, ours


def check_state_follows_from_log(place: Place) -> None:
    with place.open() as workspace:
        with workspace.database.read() as session:
            (image,) = list_images(session, limit=2)
            truth = load_truth(session, image.id)
            assert [step.revision for step in history(session, image.id)] == list(range(1, truth.revision + 1))
            assert rebuild(session, image.id, truth.revision) == truth
        if is_sqlite(workspace.database.url):
            connection = sqlite3.connect(workspace.database.path)
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
            connection.close()


def make_workspace(place: Place) -> int:
    with place.open() as workspace, workspace.database.write() as session:
        return filled_image(session)


@pytest.mark.parametrize("corrections", [12, pytest.param(50, marks=pytest.mark.long)])
def test_concurrent_writers_lose_no_update_and_meet_no_busy_error(place: Place, corrections: int) -> None:
    image_id = make_workspace(place)
    workers = [start(place, f"writer {number}", corrections) for number in range(WRITERS)]
    ended = 0
    revisions: list[int] = []
    waiting = [pipe for _, pipe in workers]
    while waiting:
        for pipe in wait(waiting):
            assert isinstance(pipe, Connection)
            saved = pipe.recv()  # EOFError here: the worker met an error, which stands in the captured output
            if saved is None:
                ended += 1
                waiting.remove(pipe)
            else:
                revisions.append(saved.revision)
    for process, _ in workers:
        process.join()
    assert ended == WRITERS
    assert sorted(revisions) == list(range(1, WRITERS * corrections + 1))
    with place.open() as workspace, workspace.database.read() as session:
        steps = history(session, image_id)
    assert sorted((step.client, step.seq) for step in steps) == sorted(
        (f"writer {number}", seq) for number in range(WRITERS) for seq in range(corrections)
    )
    assert all(step.base_revision == step.revision - 1 for step in steps)
    check_state_follows_from_log(place)


def test_processes_that_make_the_same_workspace_at_once_agree(place: Place) -> None:
    workers = [start(place, f"maker {number}", 0) for number in range(4)]
    for process, pipe in workers:
        assert pipe.recv() is None
        process.join()
        assert process.exitcode == 0


@pytest.mark.long
def test_kill_9_between_and_during_saves_loses_nothing_committed(place: Place) -> None:
    make_workspace(place)
    chance = random.Random(20)
    for kill in range(KILLS):
        client = f"victim {kill}"
        process, pipe = start(place, client, 10_000)
        heard = [pipe.recv() for _ in range(chance.randrange(1, 5))]
        time.sleep(chance.uniform(0, 0.05))
        process.kill()
        process.join()
        heard += unread(pipe)
        with place.open() as workspace, workspace.database.read() as session:
            for saved in heard:
                recorded = find_recorded(session, client, saved.seq)
                assert recorded is not None
                assert recorded.revision == saved.revision
                workspace.blobs.read(saved.blob)
        check_state_follows_from_log(place)


def unread(pipe: Connection) -> list[Saved]:
    """What the killed process said that nobody had heard yet."""
    said = []
    try:
        while pipe.poll():
            said.append(pipe.recv())
    except EOFError:
        pass
    return said
