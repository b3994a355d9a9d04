from __future__ import annotations

import dataclasses

from core.annotation.corrections import Operation, Request
from storage.engine import Database
from storage.images import add_image
from storage.statistics import Statistics, load_statistics
from storage.tables import ImageState
from storage.tags import set_tags
from tests.storage.stored_samples import LABELS, box_mask, correct, filled_image, new_image


def test_an_empty_workspace_has_statistics(database: Database) -> None:
    with database.read() as session:
        assert load_statistics(session) == Statistics(dict.fromkeys(ImageState, 0), {}, (), (0, 0), ())


def test_images_and_segments_are_counted(database: Database) -> None:
    with database.write() as session:
        first, second = filled_image(session, "1"), filled_image(session, "2")
        for split in ("val", "test"):
            add_image(session, dataclasses.replace(new_image(split), split=split))
        add_image(session, dataclasses.replace(new_image("another"), split="val"))
        for index, category_id in enumerate((3, 3, None)):
            correct(session, first, Request(Operation.DRAW, mask=box_mask(index), category_id=category_id))
        correct(session, second, Request(Operation.DRAW, mask=box_mask(1), category_id=3))
        correct(session, second, Request(Operation.DONE))
        set_tags(session, first, ["hard"])
        found = load_statistics(session)
    new, in_work, done, *others = ImageState
    none = dict.fromkeys(others, 0)
    assert found.by_state == {new: 3, in_work: 1, done: 1, **none}
    assert found.by_split == {
        "test": {new: 1, in_work: 0, done: 0, **none},
        "train": {new: 0, in_work: 1, done: 1, **none},
        "val": {new: 2, in_work: 0, done: 0, **none},
    }
    assert list(found.by_split) == ["test", "train", "val"]
    assert [(one.category, one.segments, one.images) for one in found.categories] == [
        (category, *((3, 2) if category.id == 3 else (0, 0))) for category in LABELS
    ]
    assert (found.unlabelled, found.tags) == ((1, 1), (("hard", 1),))
    assert (found.images, found.segments) == (5, 4)
