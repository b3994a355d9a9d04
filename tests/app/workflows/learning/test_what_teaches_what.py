"""From corrections to what a run is taught: snapshot, labels, target, loss."""

import numpy as np
import pytest
import torch

from app.workflows.learning.samples import labelled
from app.workflows.learning.starting import with_region
from core.annotation.corrections import Operation, Request
from core.annotation.mask import Mask
from core.annotation.proposals import ClassScore, Proposal
from core.maskformer.output import MaskFormerOutput
from core.training.criterion import Criterion, LossConfig
from core.training.data.prepared import prepare
from core.training.labels import LabelCodes
from core.training.scene import Window, cut_scene, target_of
from storage.images import get_image
from storage.proposals import load_proposals, save_proposals
from storage.snapshots import SnapshotImage, add_snapshot, load_snapshot
from storage.tables import Part
from tests.app.workflows.learning.corrected import CAR, PERSON, SIDE, corrected_workspace, do
from tests.made import LABELS, MODEL_SHA256

CODES = LabelCodes(with_region(LABELS))
NOTHING = CODES.no_object
LOSS = LossConfig(no_object=0.1, no_object_partial=0.02)
WHOLE = Window(top=0, left=0, height=SIDE, width=SIDE, out_height=SIDE, out_width=SIDE, mirrored=False)


def corner(top, left, side=24):
    inside = np.zeros((SIDE, SIDE), dtype=bool)
    inside[top : top + side, left : left + side] = True
    return Mask.from_array(inside)


REJECTED, DEFERRED, UNDECIDED = corner(0, 0), corner(0, 72), corner(72, 0)


@pytest.fixture
def workspace(tmp_path):
    """A done image (1) and one in work (2), each with a person, a car, and three proposals in the corners."""
    made, images = corrected_workspace(tmp_path / "workspace", done=0, in_work=2)
    with made.database.write() as session:
        for image in images:
            offered = [
                Proposal(query, mask, 0.9 - query / 10, (ClassScore("car", 0.8),))
                for query, mask in enumerate((REJECTED, DEFERRED, UNDECIDED))
            ]
            save_proposals(session, image.id, MODEL_SHA256, "made", offered)
    for image in images:
        rejected, deferred, _ = proposals(made, image.id)
        do(made, image.id, Request(Operation.REJECT, proposals=(rejected.id,)))
        do(made, image.id, Request(Operation.DEFER, proposals=(deferred.id,)))
    do(made, images[0].id, Request(Operation.DONE))
    yield made
    made.close()


def proposals(workspace, image_id):
    with workspace.database.read() as session:
        return load_proposals(session, image_id)


def snapshot_of(workspace):
    with workspace.database.write() as session:
        images = [SnapshotImage(number, get_image(session, number).revision, Part.LEARN) for number in (1, 2)]
        return add_snapshot(session, images).id


def read(workspace, number):
    """The labels of the snapshot's two images, as a run reads them."""
    with workspace.database.read() as session:
        snapshot = load_snapshot(session, number)
    return labelled(workspace, snapshot, snapshot.images)


def targets_of(images):
    made = []
    for image in images:
        ready = prepare(image)
        scene = cut_scene(ready.readings[0](), WHOLE, ready.pixels, codes=CODES, unnamed="any", name=image.name)
        made.append(target_of(scene, SIDE, least_visible=0.15))
    return made


def taught(target, *also_shown):
    """The loss of queries that show the target's masks, then these, of no opinion; and what each class logit is
    raised by."""
    shown = [target.masks > 127, *(torch.from_numpy(mask.to_array()[2::4, 2::4].copy())[None] for mask in also_shown)]
    masks = (torch.cat(shown).float() * 6 - 3)[None].requires_grad_()
    output = MaskFormerOutput(torch.zeros(1, masks.shape[1], NOTHING + 1, requires_grad=True), masks)
    losses = Criterion(LOSS, CODES.table)(output, (target,))
    (gradient,) = torch.autograd.grad(losses.total, output.class_logits)
    return losses, -gradient[0]


def test_what_no_segment_covers_is_no_object_in_a_done_image_and_unknown_in_one_in_work(workspace):
    images = read(workspace, snapshot_of(workspace))
    assert [image.readers[0]().complete for image in images] == [True, False]
    done, in_work = targets_of(images)
    assert (done.complete, in_work.complete) == (True, False)
    for target, weight in ((done, LOSS.no_object), (in_work, LOSS.no_object_partial)):
        _, raised = taught(target, UNDECIDED)
        labels = target.labels.tolist()
        assert labels == [0, 1]
        assert raised[2, NOTHING] / raised[0, 0] == pytest.approx(weight)


def test_a_rejected_proposal_is_a_negative_for_its_mask_only(workspace):
    done, in_work = targets_of(read(workspace, snapshot_of(workspace)))
    assert done.rejected is None
    np.testing.assert_array_equal(in_work.rejected.numpy() > 0, REJECTED.to_array()[None, 2::4, 2::4])
    _, raised = taught(in_work, REJECTED, DEFERRED, UNDECIDED, corner(0, 0, side=36))
    weights = (raised[2:, NOTHING] / raised[0, 0]).tolist()
    assert weights == pytest.approx([LOSS.no_object, *[LOSS.no_object_partial] * 3])
    assert in_work.validity.all()


def test_a_run_is_taught_what_was_rejected_when_its_snapshot_was_taken(workspace):
    before = snapshot_of(workspace)
    rejected, _, undecided = proposals(workspace, 2)
    do(workspace, 2, Request(Operation.ACCEPT, proposals=(rejected.id,)))
    do(workspace, 2, Request(Operation.REJECT, proposals=(undecided.id,)))
    after = snapshot_of(workspace)
    masks = [[image.readers[0]().rejected for image in read(workspace, number)] for number in (before, after)]
    assert masks == [[(), (REJECTED,)], [(), (UNDECIDED,)]]


def test_a_deleted_segments_proposal_is_rejected_with_it(workspace):
    _, _, undecided = proposals(workspace, 2)
    do(workspace, 2, Request(Operation.ACCEPT, proposals=(undecided.id,)))
    assert read(workspace, snapshot_of(workspace))[1].readers[0]().rejected == (REJECTED,)
    do(workspace, 2, Request(Operation.DELETE, segments=(3,)))
    assert read(workspace, snapshot_of(workspace))[1].readers[0]().rejected == (REJECTED, UNDECIDED)


def test_an_unlabelled_segment_teaches_its_mask_and_no_category(workspace):
    named, named_raised = taught(targets_of(read(workspace, snapshot_of(workspace)))[1])
    do(workspace, 2, Request(Operation.RELABEL, segments=(1, 2), category_id=None))
    labels = read(workspace, snapshot_of(workspace))[1].readers[0]()
    assert [one.category for one in labels.masks] == [None, None]
    target = targets_of(read(workspace, snapshot_of(workspace)))[1]
    assert target.labels.tolist() == [CODES.anything] * 2
    unnamed, raised = taught(target)
    for term in ("masks", "dice"):
        torch.testing.assert_close(unnamed.terms[term], named.terms[term])
        assert unnamed.terms[term] > 0
    categories = raised[:, :NOTHING]
    assert (categories > 0).all()
    torch.testing.assert_close(categories, categories[:, :1].expand_as(categories))
    assert (raised[:, NOTHING] < 0).all()
    assert [int(row.argmax()) for row in named_raised] == [PERSON - 1, CAR - 2]
