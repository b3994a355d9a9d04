from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.annotation.errors import LabelSetError
from core.annotation.label_edits import added, changed, reordered, taken_back
from core.annotation.labels import Category, LabelSet

Step = Callable[[LabelSet], LabelSet]


def category(number: int, name: str | None = None, key: str | None = None) -> Category:
    return Category(number, name or f"category {number}", True, (number, 0, 0), key)


def removed(label_set: LabelSet, category_id: int) -> LabelSet:
    return LabelSet.of(other for other in label_set if other.id != category_id)


START = LabelSet.of(map(category, range(1, 6)))


@st.composite
def steps(draw: st.DrawFn) -> Step:
    kind = draw(st.sampled_from(["add", "change", "remove", "reorder"]))
    number, random = draw(st.integers(1, 30)), draw(st.randoms(use_true_random=False))

    def step(label_set: LabelSet) -> LabelSet:
        ids = [item.id for item in label_set]
        if kind == "add":
            return added(label_set, category(label_set.next_id() + number))
        if not ids:
            return label_set
        chosen = ids[number % len(ids)]
        if kind == "change":
            return changed(label_set, Category(chosen, f"name {number} of {chosen}", False, (0, number, 0)))
        if kind == "remove":
            return removed(label_set, chosen)
        random.shuffle(ids)
        return reordered(label_set, ids)

    return step


@given(st.lists(steps(), max_size=8))
def test_steps_are_taken_back_the_newest_first(made: list[Step]) -> None:
    sets = [START]
    for step in made:
        sets.append(step(sets[-1]))
    present = sets[-1]
    for before, after in reversed(list(pairwise(sets))):
        present = taken_back(present, before, after)
        assert present == before


@given(steps())
def test_what_came_with_a_data_set_since_stays_at_the_end(step: Step) -> None:
    after = step(START)
    imported = category(99, "imported")
    assert taken_back(added(after, imported), START, after) == added(START, imported)


def test_a_category_that_came_back_meanwhile_stays_as_it_came() -> None:
    after = removed(START, 2)
    back = Category(2, "category 2", False, (9, 9, 9))
    assert taken_back(added(after, back), START, after).get(2) == back


def test_a_name_that_is_another_s_now_cannot_come_back() -> None:
    after = changed(START, category(1, "renamed"))
    with pytest.raises(LabelSetError, match="two categories have the name 'category 1'"):
        taken_back(added(after, category(9, "category 1")), START, after)


def test_steps_that_name_no_category_are_refused() -> None:
    with pytest.raises(LabelSetError, match="no category has the id 9"):
        changed(START, category(9))
    with pytest.raises(LabelSetError, match="names every category once"):
        reordered(START, [1, 2, 3, 4, 4])


@pytest.mark.parametrize("key", ["7", "Ctrl+C", "Alt+Shift+F12", "+", "Ctrl++", "ö", "Home", "é"])
def test_keys_are_characters_and_named_keys_with_modifiers(key: str) -> None:
    assert category(1, key=key).key == key


@pytest.mark.parametrize("key", ["", " ", "ab", "Shift+Ctrl+A", "Ctrl+", "F123", "\n", "${x}", "A" * 20, "Meta+A"])
def test_other_keys_are_refused(key: str) -> None:
    with pytest.raises(LabelSetError, match="a key is a character"):
        category(1, key=key)


def test_two_categories_have_no_key_in_common_but_none() -> None:
    LabelSet.of([category(1), category(2)])
    with pytest.raises(LabelSetError, match="two categories have the key '3'"):
        LabelSet.of([category(1, key="3"), category(2, key="3")])
