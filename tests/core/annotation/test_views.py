import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.annotation.labels import Category, LabelSet
from core.annotation.mask import Mask
from core.annotation.truth import Segment, Source, Truth
from core.annotation.views import PANOPTIC_VOID, SEMANTIC_VOID, instance_view, panoptic_view, semantic_view

SKY, ROAD = Category(0, "sky", False, (0, 0, 255)), Category(4, "road", False, (9, 9, 9))
CAR, DOG = Category(7, "car", True, (255, 0, 0)), Category(2, "dog", True, (0, 255, 0))
LABELS = LabelSet.of([SKY, ROAD, CAR, DOG])
HEIGHT, WIDTH = 7, 9


@st.composite
def truths(draw):
    count = draw(st.integers(0, 7))
    segments = []
    for number in range(1, count + 1):
        top, left = draw(st.integers(0, HEIGHT - 1)), draw(st.integers(0, WIDTH - 1))
        array = np.zeros((HEIGHT, WIDTH), dtype=bool)
        array[top : top + draw(st.integers(1, HEIGHT)), left : left + draw(st.integers(1, WIDTH))] = True
        category = draw(st.sampled_from([None, 0, 4, 7, 2]))
        crowd = draw(st.booleans()) and category in (7, 2)
        segments.append(
            Segment(number, Mask.from_array(array), category, draw(st.integers(-9, 9)), Source.DRAWN, crowd)
        )
    segments.sort(key=lambda segment: (segment.order, segment.id))
    return Truth(HEIGHT, WIDTH, count, tuple(segments), {}, False, count)


def top_labelled(truth, row, column):
    """The definition, pixel by pixel: the highest segment that covers it, if that one is labelled."""
    over = [s for s in truth.segments if s.mask.to_array()[row, column]]
    return over[-1] if over and over[-1].category_id is not None else None


@given(truths())
def test_semantic_is_the_category_of_the_highest_labelled_segment(truth):
    view = semantic_view(truth, LABELS)
    for row in range(HEIGHT):
        for column in range(WIDTH):
            top = top_labelled(truth, row, column)
            assert view[row, column] == (SEMANTIC_VOID if top is None else top.category_id)


@given(truths())
def test_panoptic_keeps_things_apart_merges_stuff_and_agrees_with_semantic(truth):
    view = panoptic_view(truth, LABELS)
    known = {segment.id: segment for segment in view.segments}
    assert set(np.unique(view.ids)) - {PANOPTIC_VOID} == set(known)
    semantic = semantic_view(truth, LABELS)
    for row in range(HEIGHT):
        for column in range(WIDTH):
            top = top_labelled(truth, row, column)
            number = view.ids[row, column]
            if top is None:
                assert number == PANOPTIC_VOID
                continue
            assert known[number].category_id == semantic[row, column] == top.category_id
            if LABELS.get(top.category_id).is_thing and not top.crowd:
                assert number == top.id
    merged = [
        (segment.category_id, segment.crowd) for segment in view.segments if not segment.is_thing or segment.crowd
    ]
    assert len(merged) == len(set(merged))
    for segment in view.segments:
        inside = Mask.from_array(view.ids == segment.id)
        assert (segment.area, segment.bbox) == (inside.area, inside.bbox)


@given(truths())
def test_instance_is_every_segment_that_is_not_stuff_whole(truth):
    view = instance_view(truth, LABELS)
    assert [segment.id for segment in view] == [s.id for s in truth.segments if s.category_id not in (0, 4)]


def test_an_unlabelled_segment_on_top_is_void_and_not_what_lies_under_it():
    whole = Mask.from_array(np.ones((HEIGHT, WIDTH), dtype=bool))
    truth = Truth(
        HEIGHT,
        WIDTH,
        2,
        (Segment(1, whole, CAR.id, 1, Source.PROPOSAL), Segment(2, whole, None, 2, Source.PROPOSAL)),
        last_segment_id=2,
    )
    assert (semantic_view(truth, LABELS) == SEMANTIC_VOID).all()
    assert (panoptic_view(truth, LABELS).ids == PANOPTIC_VOID).all()
    assert panoptic_view(truth, LABELS).segments == ()


def test_a_thing_hidden_whole_is_not_in_the_panoptic_view():
    whole = Mask.from_array(np.ones((HEIGHT, WIDTH), dtype=bool))
    truth = Truth(
        HEIGHT,
        WIDTH,
        2,
        (Segment(1, whole, DOG.id, 1, Source.PROPOSAL), Segment(2, whole, CAR.id, 2, Source.PROPOSAL)),
        last_segment_id=2,
    )
    assert [segment.id for segment in panoptic_view(truth, LABELS).segments] == [2]
