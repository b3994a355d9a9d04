import pytest

from core.annotation.errors import ModelError
from core.maskformer.checkpoints.labels import label_set_for, label_set_of, names_from_config


def counts(label_set):
    things = sum(category.is_thing for category in label_set)
    return things, len(label_set) - things


@pytest.mark.parametrize(("count", "expected"), [(133, (80, 53)), (150, (100, 50)), (19, (8, 11)), (65, (37, 28))])
def test_known_sets_have_their_things_and_stuff(count, expected):
    assert counts(label_set_for(count)) == expected


def test_coco_is_that_of_its_own_file():
    """Samples from the published panoptic_coco_categories.json."""
    label_set = label_set_for(133)
    names = [category.name for category in label_set]
    assert (names[0], names[79], names[80], names[132]) == ("person", "toothbrush", "banner", "rug-merged")
    assert [category.is_thing for category in label_set] == [True] * 80 + [False] * 53


@pytest.mark.parametrize(
    ("name", "is_thing"),
    [
        ("wall", False),
        ("bed", True),
        ("bookcase", True),
        ("counter", True),
        ("cradle", False),
        ("tank", False),
        ("flag", True),
    ],
)
def test_ade20k_is_that_of_its_panoptic_benchmark(name, is_thing):
    assert label_set_for(150).named(name).is_thing == is_thing


def test_a_set_is_known_in_another_spelling():
    names = {place: f" {c.name.title()}, something" for place, c in enumerate(label_set_for(150))}
    names[8], names[89] = "window", "television receiver"
    label_set = label_set_of(names)
    assert counts(label_set) == (100, 50)
    assert label_set.get(8).name == "window"


def test_categories_in_another_order_are_not_taken_for_the_known_ones():
    names = [category.name for category in label_set_for(150)]
    assert counts(label_set_of(dict(enumerate(reversed(names))))) == (150, 0)


def test_names_become_usable_and_unique():
    names = {0: "screen", 1: " screen ", 2: "screen", 3: "\t", 4: "a\nb", 5: "x" * 500, 6: "x" * 500, 7: "screen (2)"}
    assert [category.name for category in label_set_of(names)] == [
        "screen", "screen (2)", "screen (3)", "category 3", "a b", "x" * 120, "x" * 116 + " (2)", "screen (2) (2)",
    ]  # fmt: skip


def test_ids_may_be_texts_in_any_order():
    assert names_from_config({"1": "b", "0": "a", 2: "c"}) == {0: "a", 1: "b", 2: "c"}


@pytest.mark.parametrize(
    "id2label",
    [None, {}, [], {"a": "b"}, {"0": None}, {"1": "b"}, {"0": "a", "00": "b"}, {str(i): "a" for i in range(20_000)}],
)
def test_broken_id2label_is_refused(id2label):
    with pytest.raises(ModelError):
        names_from_config(id2label)
