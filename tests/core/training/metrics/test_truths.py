import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.annotation.labels import Category, LabelSet
from core.annotation.mask import Mask
from core.annotation.truth import Segment, Source, Truth
from core.annotation.views import panoptic_view, semantic_view
from core.training.data.sources import SourceConfig, read_data_set
from core.training.metrics.truths import (
    ANY,
    NOTHING,
    any_things,
    category_map,
    judged,
    largest_first,
    panoptic_labels,
    segment_map,
    things,
    unknown_part,
)
from tests.core.training import made_sets as made
from tests.core.training.metrics.made_answers import SIZE, labels, rectangle

LABELS = LabelSet.of(
    [Category(0, "cat", True, (0, 0, 0)), Category(7, "sky", False, (0, 0, 0)), Category(9, "dog", True, (0, 0, 0))]
)

masks = st.builds(
    lambda top, left, height, width: rectangle(top, left, top + height, left + width),
    st.integers(0, 40), st.integers(0, 60), st.integers(1, 30), st.integers(1, 30),
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(masks, st.sampled_from(["cat", "sky", "dog", None])), max_size=6))
def test_maps_are_the_views_of_the_same_segments(named):
    """The views that the product exports, void where the labels say nothing."""
    category = {"cat": 0, "sky": 7, "dog": 9, None: None}
    segments = [Segment(n, mask, category[name], n, Source.DRAWN) for n, (mask, name) in enumerate(named, start=1)]
    truth = Truth(*SIZE, segments=tuple(segments))
    partial = labels(*named, complete=False)
    np.testing.assert_array_equal(category_map(partial, SIZE, LABELS), semantic_view(truth, LABELS))
    expected, found = panoptic_view(truth, LABELS), segment_map(partial, SIZE, LABELS)
    np.testing.assert_array_equal(found.ids, expected.ids)
    for segment in expected.segments:
        assert found.categories[segment.id] == segment.category_id


def test_complete_labels_know_the_rest_to_be_nothing_and_ignored_pixels_are_void():
    ignored = rectangle(0, 0, 5, 5)
    truth = labels((rectangle(0, 0, 10, 10), "cat"), ignored=ignored)
    view, segments = category_map(truth, SIZE, LABELS), segment_map(truth, SIZE, LABELS).ids
    assert (view[0, 0], view[7, 7], view[30, 30]) == (-1, 0, NOTHING)
    assert (segments[0, 0], segments[7, 7], segments[30, 30]) == (0, 1, NOTHING)


def test_region_and_foreign_names_are_void():
    truth = labels((rectangle(0, 0, 10, 10), "region"), (rectangle(20, 0, 30, 10), "gizmo"))
    assert category_map(truth, SIZE, LABELS)[[5, 25], 5].tolist() == [-1, -1]
    assert segment_map(truth, SIZE, LABELS).categories == {}
    assert [category.name for category in judged(LabelSet.of([*LABELS, Category(11, "region", False, (0, 0, 0))]))] == [
        "cat", "sky", "dog",
    ]  # fmt: skip


def test_things_keep_overlaps_leave_stuff_out_and_take_the_void_as_a_crowd_of_each():
    cat, dog, sky = rectangle(0, 0, 20, 20), rectangle(10, 10, 30, 30), rectangle(0, 0, 60, 80)
    found = things(labels((cat, "cat"), (dog, "dog"), (sky, "sky")), SIZE, LABELS)
    assert [(one.category_id, one.mask, one.crowd) for one in found] == [(0, cat, False), (9, dog, False)]
    unnamed, ignored = rectangle(40, 0, 50, 10), rectangle(40, 20, 50, 30)
    crowds = things(labels((cat, "cat"), (unnamed, None), ignored=ignored), SIZE, LABELS)[1:]
    assert [(one.category_id, one.crowd) for one in crowds] == [(0, True), (9, True)]
    assert crowds[0].mask == Mask.union([unnamed, ignored])


def test_partial_labels_do_not_know_what_no_mask_covers():
    cat = rectangle(0, 0, 20, 20)
    unknown = unknown_part(labels((cat, "cat"), complete=False), SIZE)
    assert unknown.area == SIZE[0] * SIZE[1] - cat.area
    assert unknown_part(labels(complete=False), SIZE).area == SIZE[0] * SIZE[1]
    assert unknown_part(labels((rectangle(0, 0, *SIZE), None), complete=False), SIZE) is None
    assert unknown_part(labels((cat, "cat")), SIZE) is None
    assert [one.crowd for one in any_things(labels((cat, None), complete=False), SIZE)] == [False, True]
    assert {one.category_id for one in any_things(labels((cat, None)), SIZE)} == {ANY.id}


def test_small_masks_go_on_top_where_nobody_said():
    large, small = rectangle(0, 0, 40, 40), rectangle(10, 10, 20, 20)
    truth = labels((small, "cat"), (large, "dog"))
    assert category_map(truth, SIZE, LABELS)[15, 15] == 9
    assert category_map(largest_first(truth), SIZE, LABELS)[15, 15] == 0


def exported_semantic_set(folder):
    """One photo, 40×40: sky, two cats apart, and a speck of a cat."""
    made.write_photo(folder / "images" / "a.png", height=40, width=40)
    ids = np.zeros((40, 40), dtype=np.uint8)
    ids[2:12, 2:12] = ids[20:30, 20:30] = ids[36, 36] = 1
    made.write_ids(folder / "masks" / "a.png", ids)
    named = [("sky", False), ("cat", True)]
    listed = [
        {"index": index, "id": index + 1, "name": name, "is_thing": is_thing, "colour": [0, 0, index]}
        for index, (name, is_thing) in enumerate(named)
    ]
    (folder / "labels.json").write_text(json.dumps({"labels": listed, "void": 255}))
    return folder


def test_things_of_a_semantic_set_are_instances_and_their_specks_void(tmp_path):
    """The same instances as `things` has, which mask AP goes by; stuff keeps its one segment."""
    data_set = read_data_set(exported_semantic_set(tmp_path), SourceConfig())
    (image,) = data_set.images
    categories = LabelSet.of(data_set.categories)
    found = segment_map(panoptic_labels(image, image.readers[0](), categories), (40, 40), categories)
    areas = sorted(
        (categories.get(category).name, int((found.ids == i).sum())) for i, category in found.categories.items()
    )
    assert areas == [("cat", 100), ("cat", 100), ("sky", 1600 - 201)]
    assert found.ids[36, 36] == 0
    assert len([one for one in things(image.readers[0](), (40, 40), categories) if not one.crowd]) == 2
