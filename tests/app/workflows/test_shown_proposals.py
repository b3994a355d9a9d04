import numpy as np
import pytest

from app.workflows.propose import shown_proposals
from core.annotation.corrections import Operation, Request
from core.annotation.mask import Mask
from core.annotation.proposals import ClassScore, Proposal
from core.annotation.truth import Decision
from storage.proposals import load_proposals, save_proposals
from tests.app.workflows.learning.corrected import do
from tests.made import make_workspace

FIRST, NEWER = "1" * 64, "2" * 64


def box(left, right):
    """A box 10 high on a photo of 90×120 (height × width); two overlap as their columns do."""
    inside = np.zeros((90, 120), dtype=bool)
    inside[20:30, left:right] = True
    return Mask.from_array(inside)


def offered(*masks):
    return [Proposal(query, mask, 0.9 - query / 10, (ClassScore("car", 0.8),)) for query, mask in enumerate(masks)]


@pytest.fixture
def image(tmp_path):
    """A workspace, the id of its photo, and four proposals of the first model on it, by id."""
    workspace, (record,) = make_workspace(tmp_path / "workspace", proposals=0)
    with workspace.database.write() as session:
        save_proposals(session, record.id, FIRST, "first", offered(box(0, 20), box(40, 60), box(80, 100), box(60, 70)))
        first = load_proposals(session, record.id, FIRST)
    yield workspace, record.id, [one.id for one in first]
    workspace.close()


def shown(workspace, image_id, model_sha256):
    with workspace.database.read() as session:
        return shown_proposals(session, image_id, model_sha256)


def test_a_newer_model_does_not_ask_again_about_what_was_decided(image):
    workspace, image_id, (first, second, _, _) = image
    do(workspace, image_id, Request(Operation.ACCEPT, proposals=(first,)))
    do(workspace, image_id, Request(Operation.REJECT, proposals=(second,)))
    again, nearly, other = box(0, 18), box(40, 60), box(100, 120)
    with workspace.database.write() as session:
        save_proposals(session, image_id, NEWER, "newer", offered(again, nearly, other))
    open_ones = [one for one in shown(workspace, image_id, NEWER) if one.decision is Decision.UNDECIDED]
    assert [one.mask for one in open_ones] == [other]
    assert {one.id for one in shown(workspace, image_id, NEWER)} >= {first, second}


def test_a_better_mask_in_the_place_of_a_rejected_one_is_shown(image):
    workspace, image_id, (first, *_) = image
    do(workspace, image_id, Request(Operation.REJECT, proposals=(first,)))
    better = box(0, 24)
    with workspace.database.write() as session:
        save_proposals(session, image_id, NEWER, "newer", offered(better))
    assert better in [one.mask for one in shown(workspace, image_id, NEWER)]


def test_a_models_own_proposals_are_all_shown(image):
    workspace, image_id, (first, *_) = image
    do(workspace, image_id, Request(Operation.ACCEPT, proposals=(first,)))
    with workspace.database.read() as session:
        assert shown_proposals(session, image_id, FIRST) == load_proposals(session, image_id, FIRST)


def test_what_nobody_decided_is_asked_anew(image):
    workspace, image_id, _ = image
    with workspace.database.write() as session:
        save_proposals(session, image_id, NEWER, "newer", offered(box(0, 20)))
    assert [one.model_sha256 for one in shown(workspace, image_id, NEWER)] == [NEWER]
