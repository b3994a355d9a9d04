import pytest

from app.workflows.learning import BASE_MODEL_ID, MOST_MINUTES, CategoryUse, estimate_s, look, promote
from core.annotation.corrections import Operation, Request
from storage.truths import load_truth
from storage.workspace import Workspace
from tests.app.workflows.learning.corrected import add_made_model, corrected_workspace, do


def test_nothing_done_is_the_problem(tmp_path):
    with Workspace.open(tmp_path / "empty") as workspace:
        assert "mark it done" in look(workspace).problem
    workspace, _ = corrected_workspace(tmp_path / "in-work", done=0, in_work=2)
    with workspace:
        assert look(workspace).done == 0
        assert "mark it done" in look(workspace).problem


def test_done_images_without_a_segment_are_the_problem(tmp_path):
    workspace, images = corrected_workspace(tmp_path / "w", done=1)
    with workspace:
        assert look(workspace).problem is None
        with workspace.database.read() as session:
            segments = tuple(one.id for one in load_truth(session, images[0].id).segments)
        do(workspace, images[0].id, Request(Operation.DELETE, segments=segments))
        assert "has a segment" in look(workspace).problem


def test_what_would_be_used_is_counted_by_category(tmp_path):
    workspace, images = corrected_workspace(tmp_path / "w", done=6, in_work=1)
    with workspace:
        readiness = look(workspace)
        assert (readiness.done, readiness.problem) == (6, None)
        assert readiness.learn + readiness.held_back + ("to judge by" in " ".join(readiness.warnings)) == len(images)
        person, car, sky, _ = readiness.categories
        assert person == CategoryUse("person", readiness.learn, readiness.learn, readiness.held_back)
        assert car.segments == person.segments
        assert sky == CategoryUse("sky", 0, 0, 0)
        assert "sky" not in " ".join(readiness.warnings), "a category that nobody uses is no trouble"


def test_unlabelled_segments_are_counted_apart_and_only_when_there_are_any(tmp_path):
    workspace, images = corrected_workspace(tmp_path / "w", done=2)
    with workspace:
        assert "unlabelled" not in [use.category for use in look(workspace).categories]
        do(workspace, images[0].id, Request(Operation.RELABEL, segments=(1,), category_id=None))
        assert look(workspace).categories[-1] == CategoryUse("unlabelled", 1, 1, 0)


@pytest.mark.parametrize(("done", "expected"), [(2, "only 2 images to learn from"), (2, "person (2), car (2)")])
def test_what_is_too_little_is_said_in_words(tmp_path, done, expected):
    workspace, _ = corrected_workspace(tmp_path / "w", done=done)
    with workspace:
        assert expected in " · ".join(look(workspace).warnings)


def test_photos_that_are_gone_are_named(tmp_path):
    workspace, images = corrected_workspace(tmp_path / "w", done=2)
    with workspace:
        workspace.blobs.path(images[0].sha256).unlink()
        assert "left out: discs-0.png" in " · ".join(look(workspace).warnings)
        workspace.blobs.path(images[1].sha256).unlink()
        assert "missing" in look(workspace).problem


def test_more_time_and_more_images_to_judge_take_longer(tmp_path):
    workspace, _ = corrected_workspace(tmp_path / "w", done=4)
    with workspace:
        readiness = look(workspace)
        assert estimate_s(readiness, 0.5) > 30
        assert estimate_s(readiness, 5) - estimate_s(readiness, 1) == pytest.approx(240)
        assert estimate_s(readiness, 1e9) == estimate_s(readiness, MOST_MINUTES)


def test_one_image_is_no_images_and_too_few_to_judge_is_said_as_such(tmp_path):
    workspace, _ = corrected_workspace(tmp_path / "w", done=1)
    with workspace:
        told = " · ".join(look(workspace).warnings)
    assert "only 1 image to learn from" in told
    assert "images judge from 4 done ones on" in told


def test_what_the_model_in_use_has_learned_from_is_not_promised_for_judging(tmp_path):
    workspace, _ = corrected_workspace(tmp_path / "w", done=4)
    with workspace:
        assert look(workspace).held_back == 1
        made = add_made_model(workspace, "run-1", seed=1)
        assert look(workspace).held_back == 1
        promote(workspace, made.id)
        readiness = look(workspace)
        assert (readiness.learn, readiness.held_back) == (4, 0)
        assert "the model in use has learned from every done image" in " · ".join(readiness.warnings)
        promote(workspace, BASE_MODEL_ID)
        assert look(workspace).held_back == 1
        assert look(workspace, base="run-1").held_back == 0
