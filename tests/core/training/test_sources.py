import numpy as np
import pytest

from core.annotation.errors import FormatError, TrainingError
from core.training.data.images import Skipped
from core.training.data.sources import SourceConfig, part_of, read_data_set, recognise, summary_of
from tests.core.training import made_sets as made

DEFAULT = SourceConfig()


def test_coco_gives_masks_of_polygons_and_rle_and_ignores_crowds(tmp_path):
    data_set = read_data_set(made.coco_set(tmp_path), DEFAULT)
    assert (data_set.format, data_set.unnamed, len(data_set.images)) == ("coco", "thing", 6)
    assert [(c.id, c.name, c.is_thing) for c in data_set.categories] == [(3, "cat", True), (5, "gizmo", True)]
    labels = data_set.images[0].readers[0]()
    assert [one.category for one in labels.masks] == ["cat", "gizmo"]
    np.testing.assert_array_equal(labels.masks[0].mask.to_array(), made.box(48, 64, 8, 8, 40, 40))
    np.testing.assert_array_equal(labels.masks[1].mask.to_array(), made.box(48, 64, 4, 44, 20, 60))
    np.testing.assert_array_equal(labels.ignored.to_array(), made.box(48, 64, 0, 0, 48, 4))
    assert not labels.complete
    assert data_set.images[1].readers[0]().ignored is None


def test_partitions_have_a_reading_for_each_person_lowest_k_first(tmp_path):
    (image,) = read_data_set(made.partition_set(tmp_path), DEFAULT).images
    first, second = (read() for read in image.readers)
    assert [one.mask.area for one in first.masks] == [300, 300]
    assert [one.mask.area for one in second.masks] == [600]
    assert first.complete
    assert first.masks[0].category is None


def test_a_salient_mask_is_partial(tmp_path):
    data_set = read_data_set(made.salient_set(tmp_path), DEFAULT)
    labels = data_set.images[0].readers[0]()
    assert data_set.unnamed == "thing"
    assert [one.mask.area for one in labels.masks] == [150]
    assert not labels.complete


def test_named_semantic_ids_become_connected_parts_and_null_is_unknown(tmp_path):
    data_set = read_data_set(made.named_semantic_set(tmp_path), DEFAULT)
    labels = data_set.images[0].readers[0]()
    assert [c.name for c in data_set.categories] == ["hat", "shoe"]
    assert [(one.category, one.mask.area) for one in labels.masks] == [("hat", 100), ("hat", 100)]
    assert not labels.complete


def test_the_union_of_a_semantic_set_is_one_more_mask(tmp_path):
    data_set = read_data_set(made.named_semantic_set(tmp_path), SourceConfig(union="person"))
    last = data_set.images[0].readers[0]().masks[-1]
    assert (last.category, last.mask.area) == ("person", 204)


def test_unnamed_semantic_ids_are_complete_but_for_void(tmp_path):
    data_set = read_data_set(made.unnamed_semantic_set(tmp_path), SourceConfig(void=(11,), unnamed="any"))
    labels = data_set.images[0].readers[0]()
    assert data_set.unnamed == "any"
    assert [one.mask.area for one in labels.masks] == [800, 720]
    assert labels.ignored.area == 80
    assert labels.complete


@pytest.mark.parametrize("prepare", [lambda folder: None, lambda folder: made.write_photo(folder / "images" / "a.png")])
def test_an_unknown_layout_is_refused_with_what_is_understood(tmp_path, prepare):
    prepare(tmp_path)
    with pytest.raises(TrainingError, match=r"(?s)known layout.*instances\.json.*labels\.txt"):
        recognise(tmp_path)


def test_an_absent_folder_is_refused(tmp_path):
    with pytest.raises(TrainingError, match="there is no folder"):
        recognise(tmp_path / "nothing")


@pytest.mark.parametrize("content", ["not JSON", "", "[]", '{"images": []}', '{"annotations": 3}', "[" * 100_000])
def test_a_file_that_is_no_coco_is_refused(tmp_path, content):
    (tmp_path / "instances.json").write_text(content)
    with pytest.raises(FormatError, match=r"instances\.json is no"):
        read_data_set(tmp_path, DEFAULT)


def test_the_split_follows_the_content_not_the_name_or_the_set(tmp_path):
    first = read_data_set(made.coco_set(tmp_path / "first", photos=40), DEFAULT)
    second = read_data_set(made.coco_set(tmp_path / "second", photos=40), DEFAULT)
    sides = [part_of(image.digest) for image in first.images]
    assert sides == [part_of(image.digest) for image in second.images]
    assert sorted([*first.part("train"), *first.part("check")], key=lambda image: image.path) == sorted(
        first.images, key=lambda image: image.path
    )
    assert 2 <= sides.count("check") <= 20


def test_a_quarter_of_all_digests_is_held_back():
    parts = [part_of(f"{number * 2**20:08x}" + "0" * 56) for number in range(4096)]
    assert parts.count("check") == 1024


@pytest.mark.parametrize("values", [{"weight": 0.0}, {"weight": -1.0}, {"unnamed": "stuff"}, {"complete": "yes"}])
def test_an_impossible_source_is_refused(values):
    with pytest.raises(TrainingError):
        SourceConfig(**values)


@pytest.mark.parametrize(
    ("made_set", "usual"),
    [
        (made.coco_set, False),
        (made.panoptic_set, True),
        (made.partition_set, True),
        (made.salient_set, False),
        (made.instance_set, True),
        (made.named_semantic_set, False),
        (made.unnamed_semantic_set, True),
    ],
)
def test_every_format_is_complete_or_not_unless_told(tmp_path, made_set, usual):
    folder = made_set(tmp_path)
    for told, expected in ((None, usual), (True, True), (False, False)):
        image = read_data_set(folder, SourceConfig(complete=told)).images[0]
        assert image.readers[0]().complete is expected
        assert image.category_labels().complete is expected


@pytest.mark.parametrize(("setting", "made_set"), [("union", made.coco_set), ("category", made.named_semantic_set)])
def test_a_setting_of_another_format_is_refused(tmp_path, setting, made_set):
    with pytest.raises(TrainingError, match=f"{setting} is a setting of"):
        read_data_set(made_set(tmp_path), SourceConfig(**{setting: "person"}))


def test_what_is_skipped_is_counted_and_named_in_one_line(tmp_path):
    made.coco_set(tmp_path / "mine", photos=20)
    for name in ("3.png", "4.png"):
        (tmp_path / "mine" / "images" / name).write_bytes(b"no picture")
    data_set = read_data_set(tmp_path / "mine", DEFAULT)
    learn, held = (len(data_set.part(part)) for part in ("train", "check"))
    assert learn + held == 18
    assert [one.item for one in data_set.skipped] == ["photo images/3.png", "photo images/4.png"]
    assert data_set.summary() == (
        f"mine: {learn} to learn from, {held} held back, 2 skipped (not a PNG, JPEG, WebP, BMP, TIFF or GIF image; "
        "convert it to one of these: photo images/3.png and 1 more)"
    )


def test_many_reasons_are_cut_short():
    skipped = [Skipped(f"photo {number}", f"reason {number // 2}") for number in range(9)]
    assert summary_of(skipped) == (
        "9 skipped (reason 0: photo 0 and 1 more; reason 1: photo 2 and 1 more; reason 2: photo 4 and 1 more; …)"
    )


def test_a_set_without_a_usable_image_says_why(tmp_path):
    made.salient_set(tmp_path)
    (tmp_path / "masks" / "a.png").unlink()
    with pytest.raises(TrainingError, match=r"no image that can be used: 1 skipped .*masks/a\.png are missing"):
        read_data_set(tmp_path, DEFAULT)


def test_an_empty_folder_of_photos_says_so(tmp_path):
    for name in ("images", "labels"):
        (tmp_path / name).mkdir()
    with pytest.raises(TrainingError, match=r"laid out as instances, but holds no image that can be used$"):
        read_data_set(tmp_path, DEFAULT)
