import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.annotation.changes import Change, DecisionChange, apply_change, change_from_json, change_to_json
from core.annotation.corrections import Offer, Operation, Request, plan
from core.annotation.errors import CorrectionError
from core.annotation.mask import Mask
from core.annotation.truth import MAX_SEGMENTS, Decision, Progress, Segment, Source, Truth
from core.annotation.undo import LogEntry, undo_and_redo, undone_revisions

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
        with pytest.raises(CorrectionError, match="draw needs"):
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


@pytest.mark.parametrize("operation", [Operation.ACCEPT, Operation.REJECT, Operation.DEFER])
def test_a_proposal_that_a_segment_is_made_of_is_not_decided_again_whatever_is_said_of_it(operation):
    truth = after(START, Request(Operation.ACCEPT, proposals=(1,)))
    with pytest.raises(CorrectionError, match="accepted already"):
        plan(replace(truth, decisions={1: Decision.REJECTED}), Request(operation, proposals=(1,)), OFFERS)


REQUESTS = [
    Request(Operation.ACCEPT, proposals=(1, 2)),
    Request(Operation.DEFER, proposals=(3,)),
    Request(Operation.RELABEL, segments=(1,), category_id=9),
    Request(Operation.MERGE, proposals=(3,), segments=(1, 2)),
    Request(Operation.DONE),
    Request(Operation.DELETE, segments=(3,)),
    Request(Operation.DONE, done=False),
    Request(Operation.DRAW, mask=block(0, 0, 2, 2)),
    Request(Operation.SLICE, segments=(4,), masks=(block(0, 0, 1, 2), block(1, 0, 1, 2))),
    Request(Operation.EDIT, segments=(4,), mask=block(2, 2, 2, 2)),
    Request(Operation.SKIP),
    Request(Operation.DELETE_IMAGE),
    Request(Operation.REOPEN),
]


def test_every_change_can_be_taken_back_and_survives_json():
    truth = START
    for request in REQUESTS:
        change = plan(truth, request, OFFERS)
        assert change_from_json(json.loads(json.dumps(change_to_json(change)))) == change
        later = apply_change(truth, change)
        back = apply_change(later, change.inverse())
        assert (back.segments, back.decisions, back.progress) == (truth.segments, truth.decisions, truth.progress)
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
    with pytest.raises(CorrectionError, match="state was changed"):
        apply_change(START, Change(progress=(Progress.DONE, Progress.OPEN)))


def test_an_edit_keeps_all_but_the_mask():
    truth = after(START, Request(Operation.ACCEPT, proposals=(1, 2)))
    for operation in (Operation.EDIT, Operation.FILL):
        edited = after(truth, Request(operation, segments=(1,), mask=block(4, 4, 1, 1)))
        assert edited.segments == (replace(truth.segments[0], mask=block(4, 4, 1, 1)), truth.segments[1])
        accepted = after(truth, Request(operation, proposals=(3,), mask=block(5, 5, 1, 1)))
        assert accepted.segments[-1] == Segment(3, block(5, 5, 1, 1), None, 3, Source.PROPOSAL, proposals=(3,))
        assert accepted.decision(3) is Decision.ACCEPTED


LEFT, MIDDLE, RIGHT = block(0, 0, 5, 1), block(0, 1, 5, 3), block(0, 4, 5, 1)


def test_the_largest_part_of_a_segment_keeps_its_id():
    truth = after(START, Request(Operation.RELABEL, proposals=(2,), category_id=9))
    for operation in (Operation.SLICE, Operation.SPLIT):
        cut = after(truth, Request(operation, segments=(1,), masks=(LEFT, MIDDLE, RIGHT)))
        assert [(one.id, one.mask) for one in cut.segments] == [(1, MIDDLE), (2, LEFT), (3, RIGHT)]
        assert {(one.category_id, one.order, one.proposals) for one in cut.segments} == {(9, 1, (2,))}
    equal = after(truth, Request(Operation.EDIT, segments=(1,), mask=Mask.union([LEFT, RIGHT])))
    cut = after(equal, Request(Operation.SLICE, segments=(1,), masks=(RIGHT, LEFT)))
    assert [(one.id, one.mask) for one in cut.segments] == [(1, RIGHT), (2, LEFT)], "of parts as large, the first"


def test_all_parts_of_a_proposal_are_new():
    truth = after(START, Request(Operation.SLICE, proposals=(2,), masks=(LEFT, MIDDLE, RIGHT)))
    assert [(one.id, one.mask, one.category_id, one.proposals) for one in truth.segments] == [
        (1, LEFT, 3, (2,)),
        (2, MIDDLE, 3, (2,)),
        (3, RIGHT, 3, (2,)),
    ]
    assert truth.decision(2) is Decision.ACCEPTED


def test_a_proposal_is_rejected_when_its_last_part_is_deleted():
    truth = after(START, Request(Operation.SLICE, proposals=(2,), masks=(LEFT, MIDDLE, RIGHT)))
    truth = after(truth, Request(Operation.DELETE, segments=(1, 2)))
    assert truth.decision(2) is Decision.ACCEPTED
    assert after(truth, Request(Operation.DELETE, segments=(3,))).decision(2) is Decision.REJECTED
    merged = after(START, Request(Operation.SLICE, proposals=(2,), masks=(LEFT, MIDDLE, RIGHT)))
    merged = after(merged, Request(Operation.MERGE, segments=(1, 2, 3)))
    assert merged.segments[0].proposals == (2,)


@pytest.mark.parametrize(
    ("masks", "reason"),
    [
        ((), "needs 2 or more masks, got 0"),
        ((OFFERS[2].mask,), "needs 2 or more masks, got 1"),
        ((LEFT, MIDDLE), "have 20 pixels and are not the mask of 25"),
        ((LEFT, MIDDLE, RIGHT, block(5, 7, 1, 1)), "have 26 pixels and are not the mask of 25"),
        ((LEFT, MIDDLE, block(1, 4, 5, 1)), "have 25 pixels and are not the mask of 25"),
        ((LEFT, MIDDLE, RIGHT, block(0, 0, 1, 1)), "share 1 pixels"),
        ((LEFT, MIDDLE, RIGHT, Mask.empty(HEIGHT, WIDTH)), "with a pixel"),
        ((LEFT, Mask.empty(2, 2)), "image's size"),
    ],
)
def test_parts_must_be_the_mask_exactly(masks, reason):
    truth = after(START, Request(Operation.ACCEPT, proposals=(2,)))
    for request in (
        Request(Operation.SLICE, segments=(1,), masks=masks),
        Request(Operation.SPLIT, proposals=(2,), masks=masks),
    ):
        with pytest.raises(CorrectionError, match=reason):
            plan(truth if request.segments else START, request, OFFERS)


@pytest.mark.parametrize("targets", [{}, {"segments": (1, 2)}, {"segments": (1,), "proposals": (3,)}])
@pytest.mark.parametrize("operation", [Operation.EDIT, Operation.FILL, Operation.SLICE, Operation.SPLIT])
def test_a_mask_is_changed_one_at_a_time(operation, targets):
    truth = after(START, Request(Operation.ACCEPT, proposals=(1, 2)))
    with pytest.raises(CorrectionError, match=f"needs one segment or proposal, got {0 if not targets else 2}"):
        plan(truth, Request(operation, **targets, mask=LEFT, masks=(LEFT, RIGHT)), OFFERS)


def test_several_masks_are_drawn_in_order():
    truth = after(START, Request(Operation.DRAW, masks=(LEFT, RIGHT), category_id=4))
    assert [(one.id, one.mask, one.category_id, one.order) for one in truth.segments] == [
        (1, LEFT, 4, 1),
        (2, RIGHT, 4, 2),
    ]
    assert not any(one.crowd for one in truth.segments)
    crowd = after(START, Request(Operation.DRAW, masks=(LEFT, RIGHT), category_id=4, crowd=True))
    assert [one.crowd for one in crowd.segments] == [True, True]
    with pytest.raises(CorrectionError, match="got both mask and masks; send one of the two"):
        plan(truth, Request(Operation.DRAW, mask=LEFT, masks=(RIGHT,)), OFFERS)


def test_an_image_holds_no_more_segments_than_it_may():
    full = replace(START, segments=tuple(Segment(n, LEFT, None, n, Source.DRAWN) for n in range(1, MAX_SEGMENTS + 1)))
    change = plan(replace(full, last_segment_id=MAX_SEGMENTS), Request(Operation.DRAW, masks=(LEFT, RIGHT)), OFFERS)
    with pytest.raises(CorrectionError, match=r"at most 2000 segments, this would be 2002; merge or delete"):
        apply_change(full, change)


def test_progress_goes_where_people_say():
    truth = after(START, Request(Operation.DONE))
    assert (truth.progress, truth.done) == (Progress.DONE, True)
    truth = after(truth, Request(Operation.APPROVE))
    assert (truth.progress, truth.done) == (Progress.APPROVED, True)
    assert after(truth, Request(Operation.ACCEPT, proposals=(1,))).progress is Progress.APPROVED
    truth = after(truth, Request(Operation.SEND_BACK, comment="the ear is missing"))
    assert (truth.progress, truth.done) == (Progress.SENT_BACK, False)
    assert after(truth, Request(Operation.SKIP)).progress is Progress.SKIPPED
    deleted = after(truth, Request(Operation.DELETE_IMAGE))
    assert after(deleted, Request(Operation.REOPEN)).progress is Progress.OPEN
    for request in (Request(Operation.DONE), Request(Operation.APPROVE), Request(Operation.SKIP)):
        with pytest.raises(CorrectionError, match="reopen it first"):
            plan(deleted, request, OFFERS)


@given(
    before=st.booleans() | st.none(),
    decisions=st.lists(st.tuples(st.integers(1, 99), st.sampled_from(Decision), st.sampled_from(Decision))),
    segments=st.lists(st.integers(0, 5)),
)
def test_older_lines_of_the_log_are_read(before, decisions, segments):
    """As the first schemas wrote them: done or not, and no word of progress."""
    parts = plan(START, Request(Operation.DRAW, masks=(LEFT,) * len(segments)), OFFERS) if segments else Change()
    new = Change(parts.segments, tuple(DecisionChange(*said) for said in decisions), None)
    line = change_to_json(new)
    del line["progress"]
    line["done"] = None if before is None else [before, not before]
    read = change_from_json(json.loads(json.dumps(line)))
    said = {True: Progress.DONE, False: Progress.OPEN}
    assert read == replace(new, progress=None if before is None else (said[before], said[not before]))


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
    assert undone_revisions(log) == {2}
    assert undone_revisions([*log, LogEntry(4, "ann", accept)]) == {2}, "what no redo brings back is undone for good"
    assert undone_revisions([*log, LogEntry(4, "bob", accept), LogEntry(5, "ann", redo, 2)]) == set()
    assert undo_and_redo([*log, LogEntry(4, "ann", accept)], "ann") == (4, None)
