"""Which images a run uses, and which of them judge it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from core.training.data.sources import part_of
from storage.blob_places import Blobs
from storage.images import ImageRecord
from storage.snapshots import SnapshotImage
from storage.tables import Part

# From this many done images on, one judges in any case: without one nothing can be said of the new model.
JUDGED_FROM = 4
# More held-back images than this take longer to judge two models on than a short run takes to learn.
MOST_JUDGED = 100


@dataclass(frozen=True)
class Choice:
    """learn, check: the images of each side.   waiting: in work, kept for judging once they are done.

    missing: images whose photo is gone from the workspace's files.   seen: done images that a model to be
    compared has learned from.
    """

    learn: tuple[ImageRecord, ...]
    check: tuple[ImageRecord, ...]
    waiting: tuple[ImageRecord, ...]
    missing: tuple[ImageRecord, ...]
    seen: tuple[ImageRecord, ...]

    def snapshot_images(self) -> list[SnapshotImage]:
        """What a snapshot records of it."""
        sides = ((Part.LEARN, self.learn), (Part.CHECK, self.check))
        return [SnapshotImage(image.id, image.revision, part) for part, images in sides for image in images]


def choose(images: Sequence[ImageRecord], blobs: Blobs, *, learned: Collection[int] = ()) -> Choice:
    """Divide the labelled images, by their photos' hashes as every data set is divided (`part_of`).

    Only done images judge: what lies outside the segments of others is unknown. An image in work whose hash is on the
    judging side is not learned from, so that it can judge once it is done.
    From JUDGED_FROM done images on, at most half of them and MOST_JUDGED judge, those with the lowest hashes, and at
    least the one with the lowest. With fewer done, all are learned from.
    learned: ids of images that the models to be compared have learned from already; they never judge.
    """
    there = [image for image in images if blobs.exists(image.sha256)]
    done = sorted((image for image in there if image.done), key=lambda image: image.sha256)
    free = [image for image in done if image.id not in learned]
    most = min(len(done) // 2, MOST_JUDGED)
    judging = [image for image in free if part_of(image.sha256) == "check"][:most] or free[:1]
    check = judging if len(done) >= JUDGED_FROM else []
    judges = {image.id for image in check}
    waits = {image.id for image in there if not image.done and part_of(image.sha256) == "check"} - set(learned)
    if len(check) == MOST_JUDGED:
        waits = set()
    found = {image.id for image in there}
    return Choice(
        learn=tuple(image for image in there if image.id not in judges | waits),
        check=tuple(check),
        waiting=tuple(image for image in there if image.id in waits),
        missing=tuple(image for image in images if image.id not in found),
        seen=tuple(image for image in done if image.id in learned),
    )
