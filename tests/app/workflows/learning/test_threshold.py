import numpy as np
import pytest

from app.workflows.learning.samples import labelled
from app.workflows.learning.threshold import GRID, choose_threshold, f1_at, lowest_good
from core.annotation.mask import Mask
from core.annotation.proposals import ClassScore, Proposal
from storage.images import labelled_images
from storage.snapshots import SnapshotImage, add_snapshot
from storage.tables import Part
from tests.app.workflows.learning.corrected import SIDE, corrected_workspace


def test_f1_is_that_of_precision_and_recall():
    rng = np.random.default_rng(0)
    scores, serving, segments = rng.uniform(0, 0.8, 50), rng.uniform(size=50) < 0.4, 30
    for threshold, f1 in zip(GRID, f1_at(scores, serving, segments), strict=True):
        shown = scores >= threshold
        precision, recall = serving[shown].sum() / shown.sum(), serving[shown].sum() / segments
        assert f1 == pytest.approx(2 * precision * recall / (precision + recall))
    assert not f1_at(np.zeros(0), np.zeros(0, dtype=bool), 0).any()


def test_nearly_as_good_and_lower_is_better_on_photos_that_are_new():
    """F1 on two photos that were learned from; on two new ones the best is at 0.3, and at 0.45 half of it."""
    f1 = np.array([0.28, 0.30, 0.33, 0.39, 0.36, 0.34, 0.35, 0.36, 0.394, 0.37, 0.38, 0.36])
    assert lowest_good(f1) == 0.2


def to_learn_from(workspace):
    with workspace.database.write() as session:
        images = [SnapshotImage(image.id, image.revision, Part.LEARN) for image in labelled_images(session)]
        snapshot = add_snapshot(session, images)
    return labelled(workspace, snapshot, snapshot.images)


@pytest.fixture
def images(tmp_path):
    """Done images, two segments on each."""
    workspace, _ = corrected_workspace(tmp_path / "w", done=3)
    with workspace:
        yield to_learn_from(workspace)


def finder(images, *found):
    """Proposes each segment once a score of `found`, and nine masks of no segment at 0.12."""
    nothing = Mask.from_array(np.eye(SIDE, dtype=bool))

    def propose(pixels):
        (truth,) = [one.readers[0]().masks for one in images if np.array_equal(one.pixels(), pixels)]
        masks = [(labelled.mask, score) for score in found for labelled in truth] + [(nothing, 0.12)] * 9
        return [Proposal(number, mask, score, (ClassScore("cat", 1.0),)) for number, (mask, score) in enumerate(masks)]

    return propose


def test_what_serves_is_shown_and_what_does_not_is_not(images):
    assert choose_threshold(finder(images, 0.32), images, otherwise=0.5) == 0.15, "the lowest of equally good ones"
    assert choose_threshold(finder(images, 0.32, 0.28), images, otherwise=0.5) == 0.3, "a copy serves nobody"


def test_without_anything_that_serves_the_given_one_stays(images):
    assert choose_threshold(finder(images), images, otherwise=0.42) == 0.42
    assert choose_threshold(finder(images, 0.04), images, otherwise=0.42) == 0.42


def test_what_nobody_has_said_anything_about_does_not_count(tmp_path):
    """On an image in work, proposals beside its segments are neither right nor wrong."""
    workspace, _ = corrected_workspace(tmp_path / "w", done=0, in_work=2)
    with workspace:
        found = to_learn_from(workspace)
        assert choose_threshold(finder(found, 0.32), found, otherwise=0.5) == 0.05
