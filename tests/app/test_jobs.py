import threading
import time

import pytest

from app.jobs import ProposalWorker, ProposingState
from core.annotation.errors import ModelError, StorageError
from storage.proposals import load_proposals
from tests.made import make_workspace, random_proposals

SHA = "cd" * 32


class Proposer:
    """Answers with made proposals, and waits for `gate` before each."""

    model_name = "made"
    model_sha256 = SHA

    def __init__(self):
        self.gate = threading.Event()
        self.seen = []

    def propose(self, image):
        self.gate.wait(10)
        self.seen.append(image.shape)
        if len(self.seen) == 2:
            raise ModelError("the second photo is too strange; take another")
        return random_proposals(3, image.shape[0], image.shape[1])


def wait_for(condition, timeout_s=10):
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until, "waited too long"
        time.sleep(0.01)


@pytest.fixture
def photos(tmp_path):
    workspace, images = make_workspace(tmp_path / "workspace", photos=3, proposals=1)
    yield workspace, images
    workspace.close()


def test_all_images_get_proposals_the_asked_one_first_and_a_bad_one_stops_nothing(photos):
    workspace, images = photos
    proposer = Proposer()
    worker = ProposalWorker(workspace, SHA, lambda: proposer)
    assert worker.state(images[0].id).state is ProposingState.WAITING
    worker.ask(images[1].id)
    worker.ask(images[2].id)
    worker.start()
    wait_for(lambda: worker.state(images[2].id).state is ProposingState.RUNNING)
    proposer.gate.set()
    wait_for(lambda: worker.state(images[0].id).state is ProposingState.READY)
    worker.stop()
    assert worker.state(images[2].id).state is ProposingState.READY
    failed = worker.state(images[1].id)
    assert failed.state is ProposingState.FAILED
    assert "too strange" in failed.message
    with workspace.database.read() as session:
        assert len(load_proposals(session, images[2].id)) == 3


def test_a_model_that_cannot_be_loaded_is_said_for_every_image(photos):
    workspace, images = photos

    def load():
        raise ModelError("no such model; choose another")

    worker = ProposalWorker(workspace, SHA, load)
    worker.start()
    wait_for(lambda: worker.state(images[0].id).state is ProposingState.FAILED)
    assert "no such model" in worker.state(images[1].id).message
    worker.stop()


def test_without_a_model_the_state_is_off(photos):
    workspace, images = photos
    worker = ProposalWorker(workspace, None, None)
    worker.start()
    worker.ask(images[0].id)
    assert worker.state(images[0].id).state is ProposingState.OFF
    worker.stop()


def test_a_database_out_of_reach_for_a_moment_does_not_end_the_worker(photos, monkeypatch):
    workspace, images = photos
    monkeypatch.setattr("app.jobs.IDLE_S", 0.01)
    proposer = Proposer()
    proposer.gate.set()
    read, troubles = workspace.database.read, []

    def failing_read():
        if threading.current_thread().name == "proposals" and len(troubles) < 3:
            troubles.append(1)
            raise StorageError("locked")
        return read()

    monkeypatch.setattr(workspace.database, "read", failing_read)
    worker = ProposalWorker(workspace, SHA, lambda: proposer)
    worker.start()
    wait_for(lambda: worker.state(images[0].id).state is ProposingState.READY)
    worker.stop()
    assert len(troubles) == 3


def test_failed_images_are_tried_again_when_photos_were_added(photos):
    workspace, images = photos
    proposer = Proposer()
    proposer.gate.set()
    worker = ProposalWorker(workspace, SHA, lambda: proposer)
    worker.start()
    wait_for(lambda: worker.state(images[1].id).state is ProposingState.FAILED)
    worker.wake()
    wait_for(lambda: worker.state(images[1].id).state is ProposingState.READY)
    worker.stop()
