import pytest

from core.annotation.errors import LabelSetError
from core.annotation.labels import Category, LabelSet, distinct_colour

SKY = Category(0, "sky", False, (0, 0, 255))
CAR = Category(7, "car", True, (255, 0, 0))


def test_ids_and_names_find_their_category():
    label_set = LabelSet.of([SKY, CAR])
    assert label_set.get(0) is SKY
    assert label_set.named("car") is CAR
    assert label_set.find(None) is None
    assert label_set.find(3) is None
    assert label_set.next_id() == 8
    assert LabelSet(()).next_id() == 1


def test_an_unknown_id_names_the_known_ones():
    with pytest.raises(LabelSetError, match=r"id 3; the ids are \[0, 7\]"):
        LabelSet.of([SKY, CAR]).get(3)


@pytest.mark.parametrize("clash", [Category(0, "other", True, (1, 2, 3)), Category(9, "sky", True, (1, 2, 3))])
def test_a_clash_of_ids_or_names_is_refused(clash):
    with pytest.raises(LabelSetError, match="two categories"):
        LabelSet.of([SKY, clash])


def test_a_clash_of_keys_asks_for_another_key():
    with pytest.raises(LabelSetError, match="two categories have the key 'Z'; give one of them another key"):
        LabelSet.of([Category(1, "a", True, (0, 0, 0), "Z"), Category(2, "b", True, (0, 0, 0), "Z")])


@pytest.mark.parametrize("name", ["", " ", " car", "car ", "a\nb", "x" * 121, "a\x00b"])
def test_a_name_nobody_could_read_is_refused(name):
    with pytest.raises(LabelSetError, match="name"):
        Category(1, name, True, (0, 0, 0))


def test_markup_is_a_name_like_any_other():
    assert Category(1, "${alert(1)}<img src=x onerror=alert(1)>", True, (0, 0, 0)).name.startswith("$")


@pytest.mark.parametrize(("category_id", "colour"), [(-1, (0, 0, 0)), (1, (0, 0, 256)), (1, (0, 0))])
def test_bad_ids_and_colours_are_refused(category_id, colour):
    with pytest.raises(LabelSetError):
        Category(category_id, "car", True, colour)


def test_the_first_hundred_colours_differ():
    assert len({distinct_colour(index) for index in range(100)}) == 100
