import json

import numpy as np
import pytest

from core.annotation.changes import Change, apply_change, change_from_json, change_to_json
from core.annotation.corrections import LogEntry, Offer, Operation, Request, plan, undo_and_redo
from core.annotation.errors import CorrectionError
from core.annotation.mask import Mask
from core.annotation.truth import Decision, Source, Truth

HEIGHT, WIDTH = 6, 8


def block(top, left, height, width):
    array = np.zeros((HEIGHT, WIDTH), dtype=bool)
    array[top : top + height, left : left + width] = True
    return Mask.from_array(array)


OFFERS = {
    1: Offer(1, block(0, 0, 2, 2), 7),
    2: Offer(2, block(0, 0, 5, 5), 3),
    3: Offer(3, block(3, 3, 2, 4), None),
}


def after(truth, *requests):
    for request in requests:
        truth = apply_change(truth, plan(truth, request, OFFERS))
    return truth


START = Truth(HEIGHT, WIDTH)


def test_accepting_puts_segments_on_top_with_smaller_ones_above_larger():
    truth = after(START, Request(Operation.ACCEPT, proposals=(1, 2)))
    assert [(s.id, s.category_id, s.proposals, s.source) for s in truth.segments] == [
        (1, 3, (2,), Source.PROPOSAL),
        (2, 7, (1,), Source.PROPOSAL),
    ]
    assert truth.decisions == {1: Decision.ACCEPTED, 2: Decision.ACCEPTED}
    truth = after(truth, Request(Operation.ACCEPT, proposals=(3,)))
    assert truth.segments[-1].proposals == (3,)
    assert truth.segments[-1].category_id is None
    assert truth.revision == 2


def test_relabelling_a_proposal_accepts_it_with_the_label():
    truth = after(START, Request(Operation.RELABEL, proposals=(3,), category_id=5))
    assert [(s.category_id, s.mask) for s in truth.segments] == [(5, OFFERS[3].mask)]
    truth = after(truth, Request(Operation.RELABEL, segments=(1,), category_id=None))
    assert truth.segments[0].category_id is None


def test_merging_takes_the_union_and_the_first_label():
    truth = after(
        START, Request(Operation.ACCEPT, proposals=(3,)), Request(Operation.MERGE, proposals=(2,), segments=(1,))
    )
    (merged,) = truth.segments
    assert merged.id == 2
    assert np.array_equal(merged.mask.to_array(), OFFERS[2].mask.to_array() | OFFERS[3].mask.to_array())
    assert merged.category_id == 3
    assert merged.proposals == (3, 2)
    assert truth.decisions == {3: Decision.ACCEPTED, 2: Decision.ACCEPTED}


def test_deleting_rejects_the_proposals_it_was_made_of():
    truth = after(START, Request(Operation.MERGE, proposals=(1, 2)), Request(Operation.DELETE, segments=(1,)))
    assert truth.segments == ()
    assert truth.decisions == {1: Decision.REJECTED, 2: Decision.REJECTED}


def test_a_segment_id_is_never_used_twice():
    truth = after(START, Request(Operation.ACCEPT, proposals=(1,)), Request(Operation.DELETE, segments=(1,)))
    truth = after(truth, Request(Operation.ACCEPT, proposals=(2,)))
    assert [segment.id for segment in truth.segments] == [2]


def test_raising_and_lowering_change_the_order_only():
    truth = after(START, Request(Operation.ACCEPT, proposals=(1, 2, 3)))
    first = truth.segments[0]
    raised = after(truth, Request(Operation.REORDER, segments=(first.id,), to_top=True))
    assert raised.segments[-1].id == first.id
    lowered = after(raised, Request(Operation.REORDER, segments=(first.id,), to_top=False))
    assert [s.id for s in lowered.segments] == [s.id for s in truth.segments]


def test_drawing_needs_a_mask_of_the_images_size():
    truth = after(START, Request(Operation.DRAW, mask=block(1, 1, 2, 2), category_id=7))
    assert truth.segments[0].source is Source.DRAWN
    for mask in (None, Mask.empty(HEIGHT, WIDTH), Mask.from_array(np.ones((2, 2), dtype=bool))):
        with pytest.raises(CorrectionError, match="draw needs a mask"):
            plan(START, Request(Operation.DRAW, mask=mask), OFFERS)


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (Request(Operation.ACCEPT), "needs a proposal"),
        (Request(Operation.ACCEPT, proposals=(9,)), "no proposal 9"),
        (Request(Operation.ACCEPT, proposals=(1, 1)), "twice"),
        (Request(Operation.REJECT), "needs a proposal"),
        (Request(Operation.RELABEL, category_id=1), "needs a segment or proposal"),
        (Request(Operation.RELABEL, segments=(4,), category_id=1), "no segment 4"),
        (Request(Operation.MERGE, proposals=(1,)), "two or more"),
        (Request(Operation.DELETE), "needs a segment"),
        (Request(Operation.DELETE, segments=(4,)), "no segment 4"),
        (Request(Operation.REORDER), "needs a segment"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(request_, reason):
    with pytest.raises(CorrectionError, match=reason):
        plan(START, request_, OFFERS)


def test_an_accepted_proposal_is_not_accepted_or_rejected_again():
    truth = after(START, Request(Operation.ACCEPT, proposals=(1,)))
    for operation in (Operation.ACCEPT, Operation.REJECT, Operation.DEFER):
        with pytest.raises(CorrectionError, match="accepted already"):
            plan(truth, Request(operation, proposals=(1,)), OFFERS)


REQUESTS = [
    Request(Operation.ACCEPT, proposals=(1, 2)),
    Request(Operation.DEFER, proposals=(3,)),
    Request(Operation.RELABEL, segments=(1,), category_id=9),
    Request(Operation.MERGE, proposals=(3,), segments=(1, 2)),
    Request(Operation.DONE),
    Request(Operation.DELETE, segments=(3,)),
    Request(Operation.DONE, done=False),
]


def test_every_change_can_be_taken_back_and_survives_json():
    truth = START
    for request in REQUESTS:
        change = plan(truth, request, OFFERS)
        assert change_from_json(json.loads(json.dumps(change_to_json(change)))) == change
        later = apply_change(truth, change)
        back = apply_change(later, change.inverse())
        assert (back.segments, back.decisions, back.done) == (truth.segments, truth.decisions, truth.done)
        assert back.revision == truth.revision + 2
        truth = later


def test_a_change_of_what_somebody_else_changed_since_is_refused():
    truth = after(START, Request(Operation.ACCEPT, proposals=(1,)))
    accept = plan(START, Request(Operation.ACCEPT, proposals=(1,)), OFFERS)
    relabelled = after(truth, Request(Operation.RELABEL, segments=(1,), category_id=2))
    with pytest.raises(CorrectionError, match="later correction"):
        apply_change(relabelled, accept.inverse())
    rejected = after(START, Request(Operation.REJECT, proposals=(1,)))
    with pytest.raises(CorrectionError, match="later correction"):
        apply_change(rejected, accept)
    with pytest.raises(CorrectionError, match="done mark"):
        apply_change(START, Change(done=(True, False)))


def entries(*steps):
    return [LogEntry(revision, *step) for revision, step in enumerate(steps, start=1)]


def test_undo_is_each_persons_own_and_redo_ends_with_a_new_correction():
    accept, undo, redo = Operation.ACCEPT, Operation.UNDO, Operation.REDO
    log = entries(("ann", accept), ("bob", accept), ("ann", accept))
    assert undo_and_redo(log, "ann") == (3, None)
    assert undo_and_redo(log, "bob") == (2, None)
    assert undo_and_redo(log, "eve") == (None, None)
    log = entries(("ann", accept), ("ann", accept), ("ann", undo, 2))
    assert undo_and_redo(log, "ann") == (1, 2)
    assert undo_and_redo([*log, LogEntry(4, "ann", undo, 1)], "ann") == (None, 1)
    assert undo_and_redo([*log, LogEntry(4, "ann", redo, 2)], "ann") == (2, None)
    assert undo_and_redo([*log, LogEntry(4, "ann", accept)], "ann") == (4, None)
