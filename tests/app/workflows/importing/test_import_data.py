"""Imports: what goes in, what stays, what is said."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from app.workflows.correct import Submission, correct
from app.workflows.importing import ImportStopped, import_data
from app.workflows.ingest import PhotoFile, add_photos
from core.annotation.corrections import Operation, Request
from core.annotation.errors import FormatError, StorageError
from core.annotation.splits import split_of
from core.annotation.truth import Source
from core.formats.imported import Problem
from storage.categories import add_category, load_label_set
from storage.corrections import history, rebuild
from storage.images import list_images
from storage.truths import load_truth
from tests.app.workflows.importing.made_sets import (
    category,
    data_set,
    plan_of,
    read_image,
    write_photo,
)
from tests.storage.new_workspaces import new_workspace

CAT = category(1, "cat")


@pytest.fixture
def workspace(tmp_path):
    with new_workspace(tmp_path / "workspace") as opened:
        yield opened


def stored(workspace):
    """Each image with its truth and its log."""
    with workspace.database.read() as session:
        return [
            (image, load_truth(session, image.id), history(session, image.id))
            for image in list_images(session, limit=99)
        ]


def bring(workspace, tmp_path, images, categories=(CAT,), **given):
    return import_data(workspace, plan_of(workspace, data_set(categories, images), tmp_path / "draft"), **given)


def test_a_set_comes_in_as_done_truth_with_one_line_of_the_log(workspace, tmp_path):
    path = write_photo(tmp_path / "set", "a.png")
    read = read_image(path, id=77, split="test")
    report = bring(workspace, tmp_path, [read])
    ((image, truth, log),) = stored(workspace)
    assert (report.added, report.labelled, report.segments, report.problems) == (1, 1, 3, ())
    assert (image.source_id, image.split, image.done, image.revision) == (77, "test", True, 1)
    assert [segment.mask for segment in truth.segments] == [segment.mask for segment in read.segments]
    assert [segment.id for segment in truth.segments] == [100, 101, 102]
    assert {segment.source for segment in truth.segments} == {Source.IMPORTED}
    assert [line.operation for line in log] == [Operation.IMPORT]
    with workspace.database.read() as session:
        assert rebuild(session, image.id, 1) == truth
        assert list(load_label_set(session)) == [CAT]
    assert workspace.blobs.exists(image.sha256)


def test_an_imported_image_without_masks_is_done_and_a_plain_photo_is_new(workspace, tmp_path):
    empty = write_photo(tmp_path / "set", "empty.png", seed=1)
    plain = write_photo(tmp_path / "set", "plain.png", seed=2)
    report = bring(workspace, tmp_path, [read_image(empty, segments=0), read_image(plain, segments=0, labelled=False)])
    assert [image.state.value for image, _, _ in stored(workspace)] == ["done", "new"]
    assert (report.added, report.labelled, report.segments) == (2, 1, 0)
    assert stored(workspace)[1][0].split == split_of(stored(workspace)[1][0].sha256)


def test_the_same_set_again_adds_nothing_and_says_so(workspace, tmp_path):
    path = write_photo(tmp_path / "set", "a.png")
    bring(workspace, tmp_path, [read_image(path)])
    before = stored(workspace)
    report = bring(workspace, tmp_path, [read_image(path)])
    assert stored(workspace) == before
    assert (report.added, report.labelled, report.kept, report.exit_status) == (0, 0, 1, 0)
    assert report.summary() == "nothing new: 1 image was here already"


def test_a_known_photo_without_truth_gets_it_and_one_with_truth_keeps_its_own(workspace, tmp_path):
    paths = [write_photo(tmp_path / "set", f"{name}.png", seed=seed) for seed, name in enumerate("ab")]
    add_photos(workspace, [PhotoFile(path, f"mine {path.name}") for path in paths])
    with workspace.database.write() as session:
        add_category(session, name="dog", is_thing=True)
    done = Submission(2, "client-0001", 0, "ann", 0, Request(Operation.DONE))
    correct(workspace, done)
    report = bring(workspace, tmp_path, [read_image(path, category_id=5) for path in paths], [category(5, "cat")])
    (_, first, log), (_, second, _) = stored(workspace)
    assert (report.added, report.labelled, report.kept) == (0, 1, 1)
    assert (len(first.segments), first.done, len(log)) == (3, True, 1)
    assert (len(second.segments), second.done) == (0, True)


def test_the_ids_of_an_image_that_had_segments_go_on(workspace, tmp_path):
    path = write_photo(tmp_path / "set", "a.png")
    add_photos(workspace, [PhotoFile(path, "a.png")])
    mask = read_image(path).segments[0].mask
    for seq, request in enumerate([Request(Operation.DRAW, mask=mask), Request(Operation.DELETE, segments=(1,))]):
        correct(workspace, Submission(1, "client-0001", seq, "ann", seq, request))
    numbered = replace(read_image(path).segments[0], id=1)
    bring(workspace, tmp_path, [replace(read_image(path), segments=(numbered,))])
    ((image, truth, _),) = stored(workspace)
    assert [segment.id for segment in truth.segments] == [2]
    assert (image.revision, truth.last_segment_id) == (3, 2)
    with workspace.database.read() as session:
        assert rebuild(session, 1, 3) == truth


def test_bad_items_are_named_and_the_rest_goes_in(workspace, tmp_path):
    good = write_photo(tmp_path / "set", "good.png", seed=1)
    worse = write_photo(tmp_path / "set", "worse.png", seed=2)
    broken = tmp_path / "set" / "broken.png"
    broken.write_bytes(good.read_bytes()[:60])
    half = Problem("worse.png", "annotation 7", "has no mask")
    report = bring(
        workspace,
        tmp_path,
        [
            Problem("list.json", "image 3", "has no photo"),
            read_image(broken),
            replace(read_image(worse), problems=(half,)),
            read_image(good),
        ],
    )
    worse_image, good_image = (image for image, _, _ in stored(workspace))
    assert (worse_image.done, worse_image.state.value, good_image.done) == (False, "in_work", True)
    assert [problem.file for problem in report.problems] == ["list.json", "broken.png", "worse.png"]
    assert (report.added, report.in_work, report.exit_status) == (2, 1, 1)
    assert "not taken in: worse.png: annotation 7 has no mask" in report.summary()


def test_a_set_of_which_nothing_goes_in_ends_with_2(workspace, tmp_path):
    assert bring(workspace, tmp_path, [Problem("a", "", "is bad")]).exit_status == 2


def test_the_same_photo_twice_counts_once_and_is_said(workspace, tmp_path):
    first = write_photo(tmp_path / "set", "a.png")
    again = write_photo(tmp_path / "set", "b.png")
    report = bring(workspace, tmp_path, [read_image(first), read_image(again, seed=5)])
    assert (report.added, report.repeated) == (1, 1)
    assert "b.png: the same photo stands in the set before, as a.png" in report.summary()


def test_the_second_of_two_equal_photos_without_segments_is_named_with_the_first(workspace, tmp_path):
    photos = [write_photo(tmp_path / "set", name) for name in ("a.png", "b.png")]
    report = bring(workspace, tmp_path, [replace(read_image(photo), labelled=False, segments=()) for photo in photos])
    assert (report.added, report.repeated, report.exit_status) == (1, 1, 0)
    assert "taken in: b.png: the same picture as a.png" in report.summary()


def test_unlabelled_segments_need_no_category(workspace, tmp_path):
    path = write_photo(tmp_path / "set", "a.png")
    bring(workspace, tmp_path, [read_image(path, category_id=None)], ())
    ((_, truth, _),) = stored(workspace)
    assert [segment.category_id for segment in truth.segments] == [None, None, None]


def test_the_import_of_an_image_is_undone_and_redone_like_a_correction(workspace, tmp_path):
    path = write_photo(tmp_path / "set", "a.png")
    bring(workspace, tmp_path, [read_image(path)])
    ((_, truth, _),) = stored(workspace)
    undone = correct(workspace, Submission(1, "client-0001", 0, "local", 1, Request(Operation.UNDO)))
    assert (undone.done, undone.can_redo) == (False, True)
    assert not stored(workspace)[0][1].segments
    correct(workspace, Submission(1, "client-0001", 1, "local", 2, Request(Operation.REDO)))
    assert stored(workspace)[0][1] == replace(truth, revision=3)


def test_a_stopped_import_leaves_the_workspace_as_it_was(workspace, tmp_path):
    images = [read_image(write_photo(tmp_path / "set", f"{seed}.png", seed=seed)) for seed in range(6)]
    for stop_at in (0, 3, 5, 6, 9):
        asked = iter(range(99))
        with pytest.raises(ImportStopped, match="as it was"):
            bring(workspace, tmp_path, images, cancelled=lambda stop=stop_at, asked=asked: next(asked) >= stop)
        assert not stored(workspace)
        with workspace.database.read() as session:
            assert not len(load_label_set(session))
    assert not list((tmp_path / "draft").iterdir())


def test_clashes_stop_an_import(workspace, tmp_path):
    with workspace.database.write() as session:
        add_category(session, name="dog", is_thing=True)
    path = write_photo(tmp_path / "set", "a.png")
    with pytest.raises(FormatError, match="--map cat=cat"):
        bring(workspace, tmp_path, [read_image(path)])
    assert not stored(workspace)


def test_a_long_list_of_clashes_is_cut(workspace, tmp_path):
    path = write_photo(tmp_path / "set", "a.png")
    images = [
        replace(read_image(path), segments=()),
        *(read_image(path, category_id=number) for number in range(1, 60)),
    ]
    with workspace.database.write() as session:
        for number in range(1, 60):
            add_category(session, name=f"old {number}", is_thing=True)
    with pytest.raises(FormatError) as refused:
        bring(workspace, tmp_path, images, [category(number, f"new {number}") for number in range(1, 60)])
    lines = str(refused.value).splitlines()
    assert (len(lines), lines[-2]) == (23, "… and 39 more clashes")
    assert lines[-1].startswith("--new-ids settles all whose id is taken")


def test_a_label_set_that_changed_meanwhile_is_not_written_over(workspace, tmp_path):
    path = write_photo(tmp_path / "set", "a.png")
    plan = plan_of(workspace, data_set([CAT], [read_image(path)]), tmp_path / "draft")
    with workspace.database.write() as session:
        add_category(session, name="dog", is_thing=True)
    with pytest.raises(StorageError, match="import again"):
        import_data(workspace, plan)
    assert not stored(workspace)


def test_an_image_corrected_during_the_import_keeps_the_corrections(workspace, tmp_path):
    path = write_photo(tmp_path / "set", "a.png")
    add_photos(workspace, [PhotoFile(path, "a.png")])
    mask = read_image(path).segments[0].mask

    def meanwhile(finished: int, total: int) -> None:
        correct(workspace, Submission(1, "client-0001", 0, "ann", 0, Request(Operation.DRAW, mask=mask)))

    report = bring(workspace, tmp_path, [read_image(path)], progress=meanwhile)
    ((_, truth, _),) = stored(workspace)
    assert (report.kept, len(truth.segments), truth.segments[0].source) == (1, 1, Source.DRAWN)


def test_the_report_file_lists_everything(workspace, tmp_path):
    path = write_photo(tmp_path / "set", "a.png")
    report = bring(workspace, tmp_path, [read_image(path), *[Problem(f"{n}", "", "bad") for n in range(50)]])
    report.write(tmp_path / "report.json")
    written = json.loads((tmp_path / "report.json").read_text())
    assert written["images"]["added"] == 1
    assert len(written["problems"]) == 50
    assert len(report.summary().splitlines()) < 30
    with pytest.raises(StorageError, match="name a file"):
        report.write(tmp_path / "no" / "report.json")


def test_progress_counts_every_item(workspace, tmp_path):
    told = []
    images = [read_image(write_photo(tmp_path / "set", f"{seed}.png", seed=seed)) for seed in range(3)]
    bring(workspace, tmp_path, [*images, Problem("x", "", "bad")], progress=lambda *now: told.append(now))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_masks_made_on_the_stored_picture_turn_with_the_photo(workspace, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[274] = 6
    path = tmp_path / "turned.png"
    Image.fromarray(pixels).save(path, exif=exif)
    read = read_image(path)
    report = bring(workspace, tmp_path, [read])
    ((image, truth, _),) = stored(workspace)
    assert (image.height, image.width, image.done, report.problems) == (40, 30, True, ())
    for segment, before in zip(truth.segments, read.segments, strict=True):
        stored_mask = Image.fromarray(before.mask.to_array()).transpose(Image.Transpose.ROTATE_270)
        assert np.array_equal(segment.mask.to_array(), np.asarray(stored_mask))


def test_masks_of_another_size_leave_the_photo_to_be_labelled(workspace, tmp_path):
    path = write_photo(tmp_path / "set", "a.png", width=41)
    report = bring(workspace, tmp_path, [read_image(path)])
    ((image, truth, log),) = stored(workspace)
    assert (image.state.value, truth.segments, log) == ("new", (), ())
    assert "its masks are 40×30 and its photo is 41×30" in report.summary()


def test_a_name_that_is_no_unicode_and_a_split_that_is_none_are_taken_all_the_same(workspace, tmp_path):
    path = write_photo(tmp_path / "set", "a.png")
    report = bring(
        workspace, tmp_path, [replace(read_image(path), file_name="caf\udce9.png", split="my split/", id=2**70)]
    )
    ((image, _, _),) = stored(workspace)
    assert (image.file_name, image.split, image.source_id) == ("caf?.png", split_of(image.sha256), None)
    assert "id 1180591620717411303424 does not fit 64 bits" in report.summary()
    assert "split by content" in report.summary()


def test_a_photo_that_is_here_takes_the_split_and_the_id_of_its_truth(workspace, tmp_path):
    path = write_photo(tmp_path / "set", "a.png")
    bring(workspace, tmp_path, [read_image(path, labelled=False, segments=0, split="train")])
    bring(workspace, tmp_path, [read_image(path, id=77, split="val")])
    ((image, _, _),) = stored(workspace)
    assert (image.split, image.source_id) == ("val", 77)
    report = bring(workspace, tmp_path, [read_image(path, split="test")])
    assert stored(workspace)[0][0].split == "val"
    assert "1 image here already left in another split than the set's" in report.notes


def test_truth_without_a_split_or_an_id_leaves_those_of_the_photo(workspace, tmp_path):
    path = write_photo(tmp_path / "set", "a.png")
    bring(workspace, tmp_path, [read_image(path, labelled=False, segments=0, id=5, split="mine")])
    bring(workspace, tmp_path, [read_image(path)])
    ((image, _, _),) = stored(workspace)
    assert (image.split, image.source_id, image.done) == ("mine", 5, True)


@pytest.mark.parametrize("here_before", [False, True])
def test_truth_goes_in_where_an_unlabelled_copy_of_its_photo_comes_first(workspace, tmp_path, here_before):
    first = write_photo(tmp_path / "set", "a.png")
    again = write_photo(tmp_path / "set", "b.png")
    plain = read_image(first, segments=0, labelled=False)
    if here_before:
        bring(workspace, tmp_path, [plain])
    report = bring(workspace, tmp_path, [plain, read_image(again), read_image(again, seed=9)])
    ((image, truth, _),) = stored(workspace)
    assert (len(truth.segments), image.done, report.labelled, report.repeated) == (3, True, 1, 2)
    assert (report.known, len(report.problems)) == (0, 1)


def test_a_refused_set_leaves_no_categories(workspace, tmp_path):
    report = bring(workspace, tmp_path, [Problem("a", "image 1", "leads out")])
    with workspace.database.read() as session:
        assert not len(load_label_set(session))
    assert (report.exit_status, report.categories) == (2, ())


def test_segments_that_lose_their_numbers_are_counted(workspace, tmp_path):
    read = read_image(write_photo(tmp_path / "set", "a.png"))
    odd = tuple(replace(segment, id=number) for segment, number in zip(read.segments, (0, 2**24, 7), strict=True))
    report = bring(workspace, tmp_path, [replace(read, segments=odd)])
    assert report.notes[0].startswith("2 segments got another number")


@pytest.mark.parametrize("stop_at", [3, 7])
def test_a_stopped_import_takes_its_own_photos_back_and_no_others(workspace, tmp_path, stop_at):
    paths = [write_photo(tmp_path / "set", f"{seed}.png", seed=seed) for seed in range(6)]
    add_photos(workspace, [PhotoFile(paths[0], "mine")])
    orphan = workspace.blobs.put(paths[1].read_bytes())
    before = list(workspace.blobs.hashes())
    asked = iter(range(99))
    with pytest.raises(ImportStopped):
        bring(workspace, tmp_path, map(read_image, paths), cancelled=lambda: next(asked) >= stop_at)
    assert list(workspace.blobs.hashes()) == before
    assert orphan in before


def test_a_stopped_import_leaves_what_another_program_put_meanwhile(workspace, tmp_path):
    """Its image is not in the tables yet."""
    paths = [write_photo(tmp_path / "set", f"{seed}.png", seed=seed) for seed in range(4)]
    other = hashlib.sha256(paths[1].read_bytes()).hexdigest()

    def stop_once_it_is_there() -> bool:
        if not workspace.blobs.exists(other):
            return False
        time.sleep(0.3)
        workspace.blobs.put(paths[1].read_bytes())
        return True

    with pytest.raises(ImportStopped):
        bring(workspace, tmp_path, map(read_image, paths), cancelled=stop_once_it_is_there)
    assert list(workspace.blobs.hashes()) == [other]


def test_photos_whose_turn_is_in_doubt_are_named(workspace, tmp_path):
    exif = Image.Exif()
    exif[274] = 3
    path = tmp_path / "flipped.png"
    Image.fromarray(np.zeros((30, 40, 3), np.uint8)).save(path, exif=exif)
    report = bring(workspace, tmp_path, [read_image(path)])
    assert report.to_json()["doubtful"] == ["flipped.png"]
    assert "flipped.png: its masks fit before and after its EXIF turn" in report.summary()


def test_what_went_in_in_another_form_is_told_apart(workspace, tmp_path):
    path = write_photo(tmp_path / "set", "a.png")
    remark = Problem("a.png", "line 1", "is a box; it became a rectangle", taken=True)
    report = bring(workspace, tmp_path, [replace(read_image(path), problems=(remark,))])
    assert stored(workspace)[0][0].done
    assert (report.exit_status, report.in_work, report.missing) == (0, 0, ())
    assert "not taken in" not in report.summary()
    assert "taken in: a.png: line 1 is a box" in report.summary()
    assert [len(report.to_json()[kind]) for kind in ("problems", "remarks")] == [0, 1]


def test_an_image_that_lost_its_masks_is_not_counted_as_in_work(workspace, tmp_path):
    path = write_photo(tmp_path / "set", "a.png", width=41)
    report = bring(workspace, tmp_path, [read_image(path)])
    assert (report.in_work, report.without_masks) == (0, 1)
    assert "1 without their masks" in report.summary()
