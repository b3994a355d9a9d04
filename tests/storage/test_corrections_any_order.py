"""Whatever two people do in whatever order: the state, the log and undo agree."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from core.annotation.corrections import Operation, Request
from core.annotation.errors import CorrectionError
from core.annotation.truth import Decision, Truth
from storage.checking.people import check_people
from storage.corrections import history, rebuild
from storage.engine import Database
from storage.images import get_image
from storage.tables import ImageRow
from storage.truths import load_truth
from tests.storage.new_workspaces import new_workspace
from tests.storage.stored_samples import box_mask, correct, filled_image, halves, proposal_ids, recounted, stored_counts

PROPOSALS = 6
_names = (f"photo {number}" for number in itertools.count())

Step = tuple[str, Operation, list[int], list[int], int | None, bool]

steps = st.tuples(
    st.sampled_from(["ann", "ben"]),
    st.sampled_from(Operation),
    st.lists(st.integers(0, PROPOSALS - 1), max_size=3, unique=True),
    st.lists(st.integers(0, 7), max_size=3),
    st.sampled_from([None, 1, 2, 3]),
    st.booleans(),
)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with new_workspace(tmp_path_factory.mktemp("any") / "workspace") as workspace:
        yield workspace.database


def request_of(step: Step, truth: Truth, offered: list[int]) -> Request:
    """The step with its numbers taken as places among the proposals and the present segments."""
    _, operation, proposals, segments, category_id, flag = step
    present = truth.segments
    cutting = operation in (Operation.SLICE, Operation.SPLIT)
    whole = present[segments[0] % len(present)].mask if present and segments else box_mask(0)
    return Request(
        operation,
        proposals=tuple(offered[place] for place in proposals),
        segments=tuple(dict.fromkeys(present[place % len(present)].id for place in segments)) if present else (),
        category_id=category_id,
        to_top=flag,
        done=flag,
        mask=None if cutting else box_mask(10 * len(proposals) + len(segments)),
        masks=tuple(halves(whole)) if cutting and whole.bbox[2] > 1 else (),
        comment="again" if flag else None,
    )


def play(session: Session, image_id: int, script: list[Step]) -> list[Truth]:
    """The truth at every revision, checking after each step that state, answer and log agree."""
    offered = proposal_ids(session, image_id)
    truths = [load_truth(session, image_id)]
    for step in script:
        try:
            truths.append(correct(session, image_id, request_of(step, truths[-1], offered), user=step[0]))
        except CorrectionError:
            assert len(history(session, image_id)) == truths[-1].revision
        assert load_truth(session, image_id) == truths[-1]
        assert truths[-1].revision == len(truths) - 1
        assert accepted(truths[-1]) == {number for segment in truths[-1].segments for number in segment.proposals}
    return truths


def accepted(truth: Truth) -> set[int]:
    return {number for number, decision in truth.decisions.items() if decision is Decision.ACCEPTED}


@settings(max_examples=60, deadline=None)
@given(script=st.lists(steps, max_size=20))
def test_every_revision_can_be_rebuilt_and_undo_then_redo_changes_nothing(
    database: Database, script: list[Step]
) -> None:
    with database.write() as session:
        image_id = filled_image(session, next(_names), PROPOSALS)
        truths = play(session, image_id, script)
        for user in ("ann", "ben"):
            before = load_truth(session, image_id)
            try:
                truths.append(correct(session, image_id, Request(Operation.UNDO), user=user))
            except CorrectionError:
                continue
            after = correct(session, image_id, Request(Operation.REDO), user=user)
            truths.append(after)
            assert replace(after, revision=before.revision) == before
        assert get_image(session, image_id).state is session.get_one(ImageRow, image_id).state
        assert stored_counts(session) == recounted(session)
    assert list(check_people(database, repair=False)) == []
    with database.read() as session:
        assert load_truth(session, image_id) == truths[-1]
        for revision, truth in enumerate(truths):
            assert rebuild(session, image_id, revision) == truth
        assert [step.revision for step in history(session, image_id)] == list(range(1, len(truths)))
