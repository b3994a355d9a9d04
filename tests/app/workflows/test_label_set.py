from __future__ import annotations

import pytest

from app.workflows.label_set import LabelSetRequest, change_label_set, read_label_set
from app.workflows.label_words import described, moved
from core.annotation.errors import LabelSetError
from core.annotation.label_edits import LabelEdit
from core.annotation.labels import Category, LabelSet
from storage.label_changes import StaleLabelSet

PERSON = (200, 40, 40)


@pytest.fixture
def workspace(furnished):
    return furnished[0]


def change(workspace, kind, **given):
    base = read_label_set(workspace).revision
    return change_label_set(workspace, LabelSetRequest(LabelEdit(kind), **given), user="ann", base=base)


def told(workspace):
    changes = read_label_set(workspace).changes
    return [described(one, {item.id: item for item in changes}) for one in changes]


def test_each_step_is_told_in_words(workspace):
    made = change(workspace, "add", name="zebra")
    change(workspace, "change", category_id=made.category_id, name="okapi", is_thing=False, colour=(1, 2, 3), key="Z")
    change(workspace, "reorder", order=(9, 1, 3, 7, made.category_id))
    merged = change(workspace, "merge", category_id=made.category_id, into_id=1)
    undone = change(workspace, "undo")
    change(workspace, "remove", category_id=9)
    assert merged.told == "“okapi” became “person”: 0 segments in 0 images."
    assert undone.told == "Undone: merged “okapi” into “person”."
    assert told(workspace) == [
        "removed “road”",
        "took back: merged “okapi” into “person”",
        "merged “okapi” into “person”",
        "moved “road” up",
        "renamed “zebra” to “okapi”, made “okapi” stuff, gave “okapi” another colour, gave “okapi” the key Z",
        "added “zebra”",
    ]


def test_a_step_from_an_older_label_set_changes_nothing(workspace):
    change(workspace, "add", name="zebra")
    with pytest.raises(StaleLabelSet, match="at change 1 and this one was made at 0") as caught:
        change_label_set(workspace, LabelSetRequest(LabelEdit.ADD, name="lion"), user="ben", base=0)
    assert caught.value.revision == 1
    assert [count.category.name for count in read_label_set(workspace).categories][-1] == "zebra"


@pytest.mark.parametrize(
    ("kind", "given", "reason"),
    [
        ("add", {"name": "person"}, "two categories have the name 'person'"),
        ("add", {"name": "x", "key": "no key"}, "a key is a character"),
        ("change", {"name": "x"}, "id is missing"),
        ("change", {"category_id": 1, "name": "car"}, "two categories have the name 'car'"),
        ("remove", {"category_id": 99}, "no category has the id 99"),
        ("merge", {"category_id": 1}, "into_id is missing"),
        ("merge", {"category_id": 1, "into_id": 1}, "'person' cannot become itself"),
        ("merge", {"category_id": 1, "into_id": 99}, "no category has the id 99"),
        ("reorder", {"order": (1, 3)}, "names every category once"),
        ("undo", {}, "no change of the label set is left to undo"),
    ],
)
def test_what_does_not_fit_is_refused_and_leaves_no_line(workspace, kind, given, reason):
    before = read_label_set(workspace)
    with pytest.raises(LabelSetError, match=reason):
        change(workspace, kind, **given)
    assert read_label_set(workspace) == before


def test_a_move_names_what_moved():
    first, second, third = (Category(number, name, True, PERSON) for number, name in enumerate("abc", start=1))
    before = LabelSet.of([first, second, third])
    assert moved(before, LabelSet.of([third, first, second])) == "moved “c” up"
    assert moved(before, LabelSet.of([second, third, first])) == "moved “a” down"
    assert moved(before, LabelSet.of([first, third, second])) == "swapped “b” and “c”", "either may be the moved one"
    assert moved(before, LabelSet.of([third, second, first])) == "put the labels in another order"
