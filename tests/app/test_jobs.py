import threading
from functools import partial

import pytest

from app.jobs import LATER, ProposalWorker, ProposingState
from app.model_choice import ModelChoice
from app.models import ModelInfo
from app.workflows.propose import propose_for_image
from core.annotation.corrections import Operation, Request
from core.annotation.errors import ModelError, StorageError
from storage.proposals import has_proposals, load_proposals, save_proposals
from tests import waiting
from tests.app.workflows.learning.corrected import do
from tests.made import make_workspace, random_proposals

SHA = "cd" * 32
wait_for = partial(waiting.wait_for, timeout_s=10)


class Proposer:
    """Answers with made proposals, and waits for `gate` before each."""

    def __init__(self, model_sha256=SHA):
        self.model_name = f"made {model_sha256[:2]}"
        self.model_sha256 = model_sha256
        self.gate = threading.Event()
        self.seen = []

    def propose(self, image):
        self.gate.wait(10)
        self.seen.append(image.shape)
        if len(self.seen) == 2:
            raise ModelError("the second photo is too strange; take another")
        return random_proposals(3, image.shape[0], image.shape[1])


def choose(load, model_sha256=SHA):
    """What tells the worker to use this model, whose proposer `load` gives."""
    choice = ModelChoice(ModelInfo(f"made {model_sha256[:2]}", model_sha256, 0.5), load)
    return lambda: choice


@pytest.fixture
def photos(tmp_path):
    workspace, images = make_workspace(tmp_path / "workspace", photos=3, proposals=1)
    yield workspace, images
    workspace.close()


@pytest.fixture
def held(photos):
    """A worker at its first image, which waits at its proposer's gate."""
    workspace, images = photos
    proposer = Proposer()
    worker = ProposalWorker(workspace, choose(lambda: proposer))
    worker.start()
    wait_for(lambda: worker.state(images[0].id).state is ProposingState.RUNNING)
    yield worker, proposer, images
    proposer.gate.set()
    worker.stop()


def test_all_images_get_proposals_the_asked_one_first_and_a_bad_one_stops_nothing(photos):
    workspace, images = photos
    proposer = Proposer()
    worker = ProposalWorker(workspace, choose(lambda: proposer))
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

    worker = ProposalWorker(workspace, choose(load))
    worker.start()
    wait_for(lambda: worker.state(images[0].id).state is ProposingState.FAILED)
    assert "no such model" in worker.state(images[1].id).message
    worker.stop()


def test_without_a_model_the_state_is_off(photos):
    workspace, images = photos
    worker = ProposalWorker(workspace, None)
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
    worker = ProposalWorker(workspace, choose(lambda: proposer))
    worker.start()
    wait_for(lambda: worker.state(images[0].id).state is ProposingState.READY)
    worker.stop()
    assert len(troubles) == 3


def test_failed_images_are_tried_again_when_photos_were_added(photos):
    workspace, images = photos
    proposer = Proposer()
    proposer.gate.set()
    worker = ProposalWorker(workspace, choose(lambda: proposer))
    worker.start()
    wait_for(lambda: worker.state(images[1].id).state is ProposingState.FAILED)
    worker.wake()
    wait_for(lambda: worker.state(images[1].id).state is ProposingState.READY)
    worker.stop()


NEWER = "ef" * 32


class Promotions:
    """Says which model is to be used, as a person's promotions do."""

    def __init__(self, load):
        self.now = choose(load)

    def promote(self, load, model_sha256=NEWER):
        self.now = choose(load, model_sha256)

    def __call__(self):
        return self.now()


def eager(model_sha256=SHA):
    proposer = Proposer(model_sha256)
    # Past the second photo, at which it would fail.
    proposer.seen = [None, None]
    proposer.gate.set()
    return proposer


@pytest.fixture
def promotions(photos):
    """A running worker whose first model has answered for every image."""
    workspace, images = photos
    promotions = Promotions(eager)
    worker = ProposalWorker(workspace, promotions)
    worker.start()
    wait_for(lambda: all(worker.state(image.id).state is ProposingState.READY for image in images))
    yield promotions, worker
    worker.stop()


def models_of(workspace, image):
    with workspace.database.read() as session:
        return {proposal.model_sha256 for proposal in load_proposals(session, image.id)}


def test_a_promoted_model_proposes_anew_for_open_images_and_leaves_done_ones_alone(photos, promotions):
    workspace, images = photos
    promotions, worker = promotions
    do(workspace, images[0].id, Request(Operation.DONE))
    promotions.promote(lambda: eager(NEWER))
    worker.wake()
    wait_for(lambda: worker.model.sha256 == NEWER)
    wait_for(lambda: all(models_of(workspace, image) == {NEWER} for image in images[1:]))
    assert models_of(workspace, images[0]) == {SHA}
    assert worker.state(images[0].id).state is ProposingState.READY
    assert worker.trouble == ""


def test_a_promotion_is_noticed_without_being_told(photos, promotions, monkeypatch):
    workspace, images = photos
    promotions, _ = promotions
    monkeypatch.setattr("app.jobs.IDLE_S", 0.01)
    promotions.promote(lambda: eager(NEWER))
    wait_for(lambda: models_of(workspace, images[2]) == {NEWER})


def test_a_promoted_model_that_cannot_be_loaded_leaves_the_one_in_use(photos, promotions):
    _, images = photos
    promotions, worker = promotions

    def load():
        raise ModelError("its weights are damaged; put them back")

    promotions.promote(load)
    worker.wake()
    wait_for(lambda: worker.trouble)
    assert worker.trouble == "made ef cannot be loaded, made cd stays: its weights are damaged; put them back"
    assert worker.model.sha256 == SHA
    assert all(worker.state(image.id).state is ProposingState.READY for image in images)
    promotions.promote(lambda: eager(NEWER))
    worker.wake()
    wait_for(lambda: worker.model.sha256 == NEWER)
    assert worker.trouble == ""


def test_whatever_a_promotion_raises_the_worker_goes_on(photos, promotions, monkeypatch):
    _, images = photos
    promotions, worker = promotions
    monkeypatch.setattr("app.jobs.IDLE_S", 0.01)

    def strange():
        raise ValueError("could not convert string to float")

    promotions.now = strange
    worker.wake()
    wait_for(lambda: "could not convert" in worker.trouble)
    assert all(worker.state(image.id).state is ProposingState.READY for image in images)
    promotions.promote(lambda: eager(NEWER))
    wait_for(lambda: worker.model.sha256 == NEWER)
    assert worker.trouble == ""


def test_proposals_for_an_image_that_was_done_meanwhile_are_not_stored(photos):
    """A done image stays as it was judged."""
    workspace, images = photos
    with workspace.database.write() as session:
        save_proposals(session, images[0].id, SHA, "made", random_proposals(2, images[0].height, images[0].width))
    proposer = eager(NEWER)
    proposer.propose = lambda image: do(workspace, images[0].id, Request(Operation.DONE)) or []
    propose_for_image(workspace, proposer, images[0].id)
    with workspace.database.read() as session:
        assert not has_proposals(session, images[0].id, NEWER)


def test_a_model_promoted_after_the_first_could_not_be_loaded_is_used(photos):
    workspace, images = photos

    def load():
        raise ModelError("no such model; choose another")

    promotions = Promotions(load)
    worker = ProposalWorker(workspace, promotions)
    worker.start()
    wait_for(lambda: worker.state(images[0].id).state is ProposingState.FAILED)
    promotions.promote(lambda: eager(NEWER))
    worker.wake()
    wait_for(lambda: worker.state(images[0].id).state is ProposingState.READY)
    worker.stop()


def test_corrections_on_an_earlier_models_proposals_go_on_after_a_promotion(photos, promotions):
    """An image that stood open in the browser when the model changed."""
    workspace, images = photos
    promotions, worker = promotions
    with workspace.database.read() as session:
        shown = load_proposals(session, images[0].id)
    promotions.promote(lambda: eager(NEWER))
    worker.wake()
    wait_for(lambda: models_of(workspace, images[0]) == {NEWER})
    do(workspace, images[0].id, Request(Operation.ACCEPT, proposals=(shown[0].id,)))
    assert models_of(workspace, images[0]) == {SHA, NEWER}


def test_a_question_is_answered_before_the_images_that_wait(held):
    worker, proposer, images = held
    answer = worker.ask_model(lambda asked: (len(asked.seen), threading.current_thread().name))
    refused = worker.ask_model(lambda asked: asked.nothing)
    proposer.gate.set()
    assert answer.result(10) == (1, "proposals")
    with pytest.raises(AttributeError):
        refused.result(10)
    wait_for(lambda: worker.state(images[2].id).state is ProposingState.READY)


def test_a_question_without_a_model_is_refused_with_the_reason(photos):
    workspace, _ = photos
    with pytest.raises(ModelError, match="--no-model"):
        ProposalWorker(workspace, None).ask_model(len).result(1)

    def load():
        raise ModelError("no such model; choose another")

    worker = ProposalWorker(workspace, choose(load))
    asked = worker.ask_model(len)
    worker.start()
    with pytest.raises(ModelError, match="no such model"):
        asked.result(10)
    worker.stop()
    with pytest.raises(ModelError, match="stopping"):
        worker.ask_model(len).result(1)


def test_questions_for_later_come_after_images_that_were_asked_for_and_before_the_others(held):
    worker, proposer, images = held
    later = [worker.ask_model(lambda asked: len(asked.seen), later=True) for _ in range(LATER + 2)]
    worker.ask(images[2].id)
    worker.hurry(later[2])
    proposer.gate.set()
    assert later[2].result(10) == 1
    for dropped in later[:2]:
        with pytest.raises(ModelError, match="other photos were opened"):
            dropped.result(10)
    assert [one.result(10) for one in later[3:]] == [2, 2, 2]
    wait_for(lambda: worker.state(images[1].id).state is ProposingState.READY)


def test_a_look_that_was_kept_goes_with_the_proposals(photos):
    workspace, images = photos
    proposer, kept = eager(SHA), []
    proposer.propose_and_see = lambda image: (random_proposals(3, image.shape[0], image.shape[1]), "what it saw")
    worker = ProposalWorker(workspace, choose(lambda: proposer))
    worker.keep = lambda look, was_asked_for: kept.append((look.image.id, look.seen, look.pixels.shape, was_asked_for))
    worker.ask(images[1].id)
    worker.start()
    wait_for(lambda: all(worker.state(image.id).state is ProposingState.READY for image in images))
    worker.stop()
    shape = (images[0].height, images[0].width, 3)
    others = [(image.id, "what it saw", shape, False) for image in (images[0], images[2])]
    assert kept == [(images[1].id, "what it saw", shape, True), *others]
