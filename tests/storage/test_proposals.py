from __future__ import annotations

import pytest
from sqlalchemy import select

from core.annotation.corrections import Operation, Request
from core.annotation.errors import StorageError
from core.annotation.proposals import ClassScore, Proposal
from core.annotation.truth import Decision
from storage.engine import Database
from storage.errors import NotFound
from storage.images import add_image
from storage.proposals import (
    get_proposals,
    has_proposals,
    images_to_propose,
    load_proposals,
    needs_proposals,
    save_proposals,
)
from storage.tables import ProposalRow
from tests.storage.stored_samples import HEIGHT, MODEL, WIDTH, correct, filled_image, new_image, proposal_ids, proposals

NEWER = "b" * 64


def test_proposals_read_back_as_the_model_made_them_best_first(database: Database) -> None:
    given = proposals(5)
    with database.write() as session:
        image_id = add_image(session, new_image())[0].id
        assert save_proposals(session, image_id, MODEL, "default", given[::-1])
    with database.read() as session:
        stored = load_proposals(session, image_id)
    assert [Proposal(one.query, one.mask, one.score, one.class_scores) for one in stored] == given
    assert {(one.image_id, one.model_sha256, one.decision) for one in stored} == {(image_id, MODEL, Decision.UNDECIDED)}
    assert [one.name for one in stored] == [one.name for one in given]


def test_area_and_box_stand_beside_each_mask(database: Database) -> None:
    with database.write() as session:
        image_id = filled_image(session, count=30)
        for row in session.scalars(select(ProposalRow)):
            (stored,) = get_proposals(session, image_id, [row.id])
            assert stored.mask.shape == (HEIGHT, WIDTH)
            assert row.area == stored.mask.to_array().sum()
            assert (row.bbox_x, row.bbox_y, row.bbox_width, row.bbox_height) == stored.mask.bbox


def test_none_found_is_an_answer(database: Database) -> None:
    with database.write() as session:
        image_id = add_image(session, new_image())[0].id
        assert not has_proposals(session, image_id, MODEL)
        assert save_proposals(session, image_id, MODEL, "default", [])
        assert has_proposals(session, image_id, MODEL)
        assert load_proposals(session, image_id) == ()
        assert images_to_propose(session, MODEL, 10) == ()
        assert images_to_propose(session, NEWER, 10) == (image_id,)


def test_the_first_answer_of_a_model_stands(database: Database) -> None:
    with database.write() as session:
        image_id = filled_image(session, count=3)
        assert not save_proposals(session, image_id, MODEL, "default", proposals(6))
        assert len(load_proposals(session, image_id)) == 3


def test_a_newer_model_replaces_what_is_undecided_and_no_more(database: Database) -> None:
    with database.write() as session:
        image_id = filled_image(session, count=4)
        accepted, rejected, deferred, _open = proposal_ids(session, image_id)
        for operation, number in (
            (Operation.ACCEPT, accepted),
            (Operation.REJECT, rejected),
            (Operation.DEFER, deferred),
        ):
            correct(session, image_id, Request(operation, proposals=(number,)))
        save_proposals(session, image_id, NEWER, "newer", proposals(2))
        stored = load_proposals(session, image_id)
        assert {one.id: one.decision for one in stored if one.model_sha256 == MODEL} == {
            accepted: Decision.ACCEPTED,
            rejected: Decision.REJECTED,
            deferred: Decision.DEFERRED,
        }
        assert [one.decision for one in stored if one.model_sha256 == NEWER] == [Decision.UNDECIDED] * 2
        assert [one.score for one in stored] == sorted((one.score for one in stored), reverse=True)


def test_proposals_are_got_by_id_from_their_own_image_only(database: Database) -> None:
    with database.write() as session:
        first, second = filled_image(session, "1"), filled_image(session, "2")
        own, foreign = proposal_ids(session, first), proposal_ids(session, second)
        assert [one.id for one in get_proposals(session, first, [own[3], own[1], foreign[0], 999])] == [own[1], own[3]]
        assert get_proposals(session, first, []) == ()


def test_open_images_are_proposed_for_before_done_ones(database: Database) -> None:
    with database.write() as session:
        first, second, third = (add_image(session, new_image(name))[0].id for name in "123")
        correct(session, first, Request(Operation.DONE))
        assert images_to_propose(session, NEWER, 10) == (second, third, first)
        assert images_to_propose(session, NEWER, 1) == (second,)
        save_proposals(session, second, NEWER, "newer", [])
        assert images_to_propose(session, NEWER, 10) == (third, first)


def test_a_done_image_that_was_proposed_for_is_left_alone_until_it_is_open_again(database: Database) -> None:
    with database.write() as session:
        done, open_one = filled_image(session, "1"), filled_image(session, "2")
        correct(session, done, Request(Operation.DONE))
        assert images_to_propose(session, NEWER, 10) == (open_one,)
        assert not needs_proposals(session, done, NEWER)
        correct(session, done, Request(Operation.UNDO))
        assert images_to_propose(session, NEWER, 10) == (done, open_one)
        assert needs_proposals(session, done, NEWER)
        assert not needs_proposals(session, done, MODEL)


def test_an_earlier_model_in_use_again_shows_its_own_proposals(database: Database) -> None:
    with database.write() as session:
        image_id = filled_image(session, count=3)
        correct(session, image_id, Request(Operation.REJECT, proposals=(proposal_ids(session, image_id)[0],)))
        save_proposals(session, image_id, NEWER, "newer", proposals(2))
        shown = load_proposals(session, image_id, MODEL)
        assert [one.model_sha256 for one in shown] == [MODEL] * 3
        assert sum(one.model_sha256 == NEWER for one in load_proposals(session, image_id, NEWER)) == 2
        assert load_proposals(session, image_id, "f" * 64) == load_proposals(session, image_id, NEWER)


def test_proposals_of_an_unknown_image_are_refused(database: Database) -> None:
    with database.write() as session, pytest.raises(NotFound, match="no image 5"):
        save_proposals(session, 5, MODEL, "default", proposals(1))


def test_a_score_that_is_no_number_is_refused_and_nothing_is_saved(database: Database) -> None:
    with database.write() as session:
        image_id = add_image(session, new_image())[0].id
    bad = Proposal(0, proposals(1)[0].mask, 0.5, (ClassScore("dog", float("nan")),))
    with pytest.raises(StorageError), database.write() as session:
        save_proposals(session, image_id, MODEL, "default", [*proposals(2), bad])
    with database.read() as session:
        assert not has_proposals(session, image_id, MODEL)


def test_evidence_keeps_the_best_five_class_scores(database: Database) -> None:
    scores = tuple(ClassScore(f"c{place}", 0.5 / (place + 1)) for place in range(8))
    with database.write() as session:
        image_id = add_image(session, new_image())[0].id
        save_proposals(session, image_id, MODEL, "default", [Proposal(9, proposals(1)[0].mask, 0.5, scores)])
        (stored,) = load_proposals(session, image_id)
    assert stored.class_scores == scores
    evidence = stored.evidence()
    assert (evidence.proposal_id, evidence.query, evidence.model_sha256) == (stored.id, 9, MODEL)
    assert evidence.class_scores == scores[:5]
