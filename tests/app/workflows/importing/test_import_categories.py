"""What becomes of a set's categories."""

from __future__ import annotations

import pytest

from app.workflows.importing import Becomes
from app.workflows.importing.categories import new_categories, plan_categories
from core.annotation.errors import FormatError, LabelSetError
from core.formats.capabilities import CAPABILITIES
from storage.imports import KnownCategory
from tests.app.workflows.importing.made_sets import category, data_set

COCO = CAPABILITIES["coco"]
LABELME = CAPABILITIES["labelme"]


def known(*categories, removed=()):
    return [KnownCategory(one, True) for one in categories] + [KnownCategory(one, False) for one in removed]


def planned(categories, here=(), *, used=None, mapping=None, holds=COCO, new_ids=False):
    ids = [one.id for one in categories] if used is None else used
    return plan_categories(data_set(categories, used=ids), here, holds, mapping or {}, new_ids=new_ids)


def test_a_new_workspace_takes_ids_kinds_and_zero_as_they_are():
    categories = [category(0, "zero"), category(90, "sky", is_thing=False), category(7, "car")]
    plans, clashes = planned(categories)
    assert not clashes
    assert [one.target for one in plans] == categories
    assert {one.becomes for one in plans} == {Becomes.NEW}
    assert new_categories(plans) == tuple(categories)


def test_a_name_meets_its_name_whose_id_and_kind_win():
    here = category(3, "road", is_thing=False)
    plans, clashes = planned([category(8, "road")], known(here))
    assert not clashes
    assert (plans[0].becomes, plans[0].target) == (Becomes.EXISTING, here)
    assert plans[0].note == "has the id 3 here, is stuff here and a thing in the set"


def test_a_format_without_kinds_and_ids_does_not_speak_of_them():
    plans, _ = planned([category(8, "road")], known(category(3, "road", is_thing=False)), holds=LABELME)
    assert plans[0].note == ""


def test_an_id_of_another_name_is_a_clash_that_a_mapping_settles():
    here = known(category(1, "car"))
    plans, clashes = planned([category(1, "tree"), category(2, "bush")], here)
    assert [clash.category.name for clash in clashes] == ["tree"]
    assert "has the id of 'car' here" in str(clashes[0])
    assert "--map tree=tree" in str(clashes[0])
    plans, clashes = planned([category(1, "tree"), category(2, "bush")], here, mapping={"tree": "tree"})
    assert not clashes
    assert [(one.target.id, one.target.name) for one in plans] == [(3, "tree"), (2, "bush")]


def test_new_ids_settle_every_clash_of_ids():
    here = known(category(1, "car"), category(2, "bus"))
    plans, clashes = planned([category(1, "tree"), category(2, "bush"), category(3, "moss")], here, new_ids=True)
    assert not clashes
    assert [one.target.id for one in plans] == [4, 5, 3]


def test_a_format_of_names_alone_gets_free_ids():
    plans, clashes = planned([category(1, "tree")], known(category(1, "car"), category(6, "bus")), holds=LABELME)
    assert not clashes
    assert plans[0].target.id == 7


def test_an_unused_category_whose_id_is_taken_is_dropped():
    plans, clashes = planned([category(1, "tree"), category(2, "bush")], known(category(1, "car")), used=[2])
    assert not clashes
    assert plans[0].becomes is Becomes.DROPPED
    assert "no segment has it" in plans[0].note


def test_an_unused_second_entry_of_a_name_is_dropped():
    """As in the facades set: id 0 repeats 'facade' and nothing uses it."""
    plans, clashes = planned([category(0, "facade"), category(1, "door"), category(4, "facade")], used=[1, 4])
    assert not clashes
    assert [one.becomes for one in plans] == [Becomes.DROPPED, Becomes.NEW, Becomes.NEW]
    assert "category 4 has its name" in plans[0].note


def test_a_name_with_two_used_ids_is_a_clash_and_a_mapping_joins_them():
    twice = [category(2, "car"), category(5, "car")]
    _, clashes = planned(twice)
    assert [clash.option for clash in clashes] == ["5"]
    plans, clashes = planned(twice, mapping={"5": "car"})
    assert not clashes
    assert [one.target.id for one in plans] == [2, 2]
    assert new_categories(plans) == (twice[0],)


def test_an_id_with_two_names_is_a_clash_where_it_is_used():
    twice = [category(2, "car"), category(2, "bus")]
    _, clashes = planned(twice)
    assert [(clash.category.name, clash.option, clash.suggestion) for clash in clashes] == [("bus", "2", "car")]
    plans, clashes = planned(twice, used=[])
    assert not clashes
    assert [one.becomes for one in plans] == [Becomes.NEW, Becomes.DROPPED]
    plans, clashes = planned(twice, mapping={"2": "car"})
    assert not clashes
    assert {one.target.name for one in plans} == {"car"}


def test_two_categories_may_become_one():
    here = known(category(3, "vehicle"))
    plans, _ = planned([category(1, "car"), category(2, "bus")], here, mapping={"car": "vehicle", "2": "vehicle"})
    assert [one.target.id for one in plans] == [3, 3]
    plans, _ = planned([category(1, "car"), category(2, "bus")], mapping={"car": "vehicle", "bus": "vehicle"})
    assert [one.target.id for one in plans] == [1, 1]
    assert len(new_categories(plans)) == 1


def test_a_removed_category_comes_back_with_its_id():
    plans, clashes = planned([category(9, "ghost")], known(removed=[category(4, "ghost")]))
    assert not clashes
    assert (plans[0].becomes, plans[0].target.id) == (Becomes.NEW, 4)
    _, clashes = planned([category(4, "tree")], known(removed=[category(4, "ghost")]))
    assert "the removed 'ghost'" in clashes[0].reason


@pytest.mark.parametrize(
    ("mapping", "error", "match"),
    [
        ({"boat": "car"}, FormatError, "no category 'boat' to map; it has 1 'car', 2 'car'"),
        ({"car": "vehicle"}, FormatError, r"map their ids \[1, 2\]"),
        ({"1": "a", "2": " "}, LabelSetError, "a category name has"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused(mapping, error, match):
    with pytest.raises(error, match=match):
        planned([category(1, "car"), category(2, "car")], mapping=mapping)


def test_an_id_beyond_32_bits_is_a_clash():
    _, clashes = planned([category(2**40, "far")])
    assert "over 2147483647" in clashes[0].reason


def test_a_name_that_is_another_ones_id_is_no_obstacle():
    """'3' names the category called so; #3 the one with the id."""
    here = known(category(3, "car"), category(7, "bus"))
    categories = [category(7, "3"), category(3, "tree"), category(8, "tree")]
    _, clashes = planned(categories, here)
    mapping = {clash.option: clash.suggestion for clash in clashes}
    plans, clashes = planned(categories, here, mapping=mapping | {"#3": "wood"})
    assert not clashes
    assert [one.target.name for one in plans][:2] == ["3", "wood"]


def test_suggestions_by_id_are_no_other_ones_name():
    categories = [category(5, "3"), category(1, "tree"), category(3, "tree")]
    _, clashes = planned(categories)
    assert [clash.option for clash in clashes] == ["#3"]
    plans, clashes = planned(categories, mapping={"#3": "tree"})
    assert not clashes
    assert [one.target.id for one in plans] == [5, 1, 1]


def test_thousands_of_clashes_are_settled_by_their_suggestions():
    count = 4_000
    categories = [category(number, f"new {number}") for number in range(count)]
    here = known(*(category(number, f"old {number}") for number in range(count)))
    _, clashes = planned(categories, here)
    plans, left = planned(categories, here, mapping={clash.option: clash.suggestion for clash in clashes})
    assert (len(clashes), left) == (count, ())
    assert [one.target.id for one in plans] == list(range(count, 2 * count))
