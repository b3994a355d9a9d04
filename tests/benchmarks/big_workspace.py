"""A workspace of many images, made as an import makes one: a third are new, a third in work, a third done."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from core.annotation.labels import Category, LabelSet, distinct_colour
from core.annotation.mask import Mask
from core.annotation.proposals import ClassScore, Proposal
from core.annotation.splits import split_of
from core.annotation.truth import Segment, Source
from storage.categories import seed_label_set
from storage.images import NewImage
from storage.imports import StagedImage, insert_staged, staged_line
from storage.proposals import save_proposals
from storage.queue import ImageFilter, list_page
from storage.tables import ImageState
from storage.tags import set_tags
from storage.workspace import Workspace
from tests.made import MODEL_SHA256, disc, photo_bytes

WIDTH, HEIGHT = 640, 480
CATEGORIES = 80
# On the images that are not new.
SEGMENTS_EACH = 15
PROPOSED = 5_000
PROPOSALS_EACH = 10


def make_big_workspace(folder: Path, *, images: int) -> None:
    """The same one each time, but for the moments in it."""
    with Workspace.open(folder) as workspace:
        shown = workspace.blobs.put(photo_bytes(WIDTH, HEIGHT, file_format="JPEG"))
        labels = LabelSet.of(
            Category(number, f"category {number}", number % 3 > 0, distinct_colour(number))
            for number in range(1, CATEGORIES + 1)
        )
        with workspace.database.write() as session:
            seed_label_set(session, labels)
        with workspace.database.write() as session:
            insert_staged(session, map(staged_line, _staged(images, shown)), client="benchmark", user="local")
        proposals = [
            Proposal(query, _MASKS[query], 0.9 - query / 20, (ClassScore("category 1", 0.9),))
            for query in range(PROPOSALS_EACH)
        ]
        with workspace.database.write() as session:
            waiting = list_page(session, ImageFilter(state=ImageState.NEW), limit=PROPOSED)
            for place, image in enumerate(waiting):
                save_proposals(session, image.id, MODEL_SHA256, "default", proposals[place % PROPOSALS_EACH :])
                if place % 10 == 0:
                    set_tags(session, image.id, ["hard"])


def _masks(count: int) -> list[Mask]:
    rng = np.random.default_rng(0)
    return [
        Mask.from_array(disc(HEIGHT, WIDTH, rng.uniform(0, HEIGHT), rng.uniform(0, WIDTH), rng.uniform(10, 60)))
        for _ in range(count)
    ]


_MASKS = _masks(500)


def _staged(images: int, shown_sha256: str) -> Iterator[StagedImage]:
    rng = np.random.default_rng(1)
    # Some categories are everywhere, most are rare, as in every real set.
    weights = 1 / np.arange(1, CATEGORIES + 1)
    for number in range(images):
        sha256 = hashlib.sha256(str(number).encode()).hexdigest()
        image = NewImage(
            sha256=sha256,
            display_sha256=shown_sha256,
            display_type="image/jpeg",
            file_name=f"set/{sha256[:12]}_{number:06d}.jpg",
            width=WIDTH,
            height=HEIGHT,
            split=split_of(sha256),
            source_id=number,
        )
        if number % 3 == 0:
            yield StagedImage(image, None, done=False)
            continue
        categories = rng.choice(np.arange(1, CATEGORIES + 1), SEGMENTS_EACH, p=weights / weights.sum())
        segments = tuple(
            Segment(place + 1, _MASKS[rng.integers(len(_MASKS))], int(category), place, Source.IMPORTED)
            for place, category in enumerate(categories)
        )
        yield StagedImage(image, segments, done=number % 3 == 2)
