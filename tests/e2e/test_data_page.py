"""The Data page in a real browser: photos and data sets in, a clash settled, the numbers follow, every format out."""

from __future__ import annotations

import json
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from app.security.passwords import hash_password
from core.formats.capabilities import CAPABILITIES, WRITTEN_FORMATS
from storage.categories import load_label_set
from storage.corrections import history
from storage.images import list_images
from storage.persons import add_person
from storage.statistics import load_statistics
from storage.tables import ImageState
from storage.workspace import Workspace
from tests.e2e.gradio_pages import give_files, open_page
from tests.made import make_workspace, photo_bytes
from tests.serving import serving

pytestmark = pytest.mark.browser

REPORTED = "(id) => document.querySelector(`#${id} p`)?.textContent || ''"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    workspace, _ = make_workspace(tmp_path_factory.mktemp("data") / "workspace", photos=1)
    workspace.close()
    with serving(workspace.folder, "--no-model") as running:
        yield running


def plain_photo(number: int) -> bytes:
    """A photo of one colour, which no other number has."""
    out = BytesIO()
    Image.new("RGB", (60, 40), (number >> 16, number >> 8 & 255, number & 255)).save(out, "PNG")
    return out.getvalue()


def coco_zip(path: Path, *, first: int, photos: int = 2) -> Path:
    """A COCO set of images `first` and on, whose category 1, here a person, is a bicycle; a car is 3 in both."""
    images, annotations = [], []
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(first, first + photos):
            name = f"street-{number}.png"
            archive.writestr(f"images/{name}", plain_photo(number))
            images.append({"id": number, "file_name": name, "width": 60, "height": 40})
            for category_id, left in ((1, 5), (3, 30)):
                box = [left, 10, left + 20, 10, left + 20, 30, left, 30]
                annotations.append(
                    {
                        "id": len(annotations) + 1,
                        "image_id": number,
                        "category_id": category_id,
                        "segmentation": [box],
                        "area": 400,
                        "bbox": [left, 10, 20, 20],
                        "iscrowd": 0,
                    }
                )
        categories = [{"id": 1, "name": "bicycle"}, {"id": 3, "name": "car"}]
        archive.writestr(
            "instances.json", json.dumps({"images": images, "annotations": annotations, "categories": categories})
        )
    return path


def read(server, load):
    with Workspace.open(server.workspace, create=False) as workspace, workspace.database.read() as session:
        return load(session)


def look_into(page, server, archive):
    open_page(page, f"{server.url}/data", "Import a data set")
    give_files(page, "import-files", archive, shown=archive.stem)
    page.get_by_role("button", name="Look into it").click()
    page.locator("#import-plan table, #import-report p").first.wait_for()
    assert page.locator("#import-plan table").count() == 1, page.locator("#import-report").inner_text()


def choose(page, box, option):
    page.locator(f"#{box} input").click()
    page.get_by_role("option", name=option, exact=True).click()


def export(page, folder):
    """Make the zip of what is chosen and read it: name → bytes."""
    page.get_by_role("button", name="Make a zip").click()
    with page.expect_download() as download:
        page.locator("#archive a[download]").first.click()
    download.value.save_as(folder / "export.zip")
    with zipfile.ZipFile(folder / "export.zip") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_good_photos_go_in_and_a_broken_one_is_named(server, page, tmp_path):
    for number in range(2):
        (tmp_path / f"new-{number}.png").write_bytes(photo_bytes(50, 40, seed=number + 10))
    (tmp_path / "broken.jpg").write_bytes(photo_bytes(50, 40, file_format="JPEG")[:300])
    open_page(page, f"{server.url}/data")
    give_files(page, "photos", sorted(tmp_path.iterdir()))
    page.wait_for_function("() => document.querySelector('#upload-report textarea').value !== ''")
    report = page.locator("#upload-report textarea").input_value()
    assert report.startswith("2 added, 0 already there, 1 refused")
    assert "broken.jpg: " in report
    names = {image.file_name for image in read(server, lambda session: list_images(session, offset=0, limit=9))}
    assert {"new-0.png", "new-1.png"} <= names


def test_a_folder_goes_in_whole(server, page, tmp_path):
    folder = tmp_path / "trip"
    (folder / "inner").mkdir(parents=True)
    (folder / "one.png").write_bytes(photo_bytes(44, 40, seed=1))
    (folder / "inner" / "two.png").write_bytes(photo_bytes(46, 40, seed=2))
    open_page(page, f"{server.url}/data")
    give_files(page, "folder", folder)
    page.wait_for_function("() => document.querySelector('#upload-report textarea').value !== ''")
    assert page.locator("#upload-report textarea").input_value().startswith("2 added")


def test_a_zip_with_a_clash_goes_in_when_it_is_settled(server, page, tmp_path):
    before = read(server, load_statistics)
    look_into(page, server, coco_zip(tmp_path / "streets.zip", first=1_000))
    assert "1 category clashes" in page.locator("#import-plan").inner_text()
    answer = page.locator("#clash-0 input")
    assert "bicycle" in page.locator("#clash-0").inner_text()
    answer.fill("bike")
    answer.press("Enter")
    page.get_by_role("button", name="Import", exact=True).dblclick()
    page.wait_for_function(f"() => ({REPORTED})('import-report').includes('2 images added')")
    labels, after = read(server, load_label_set), read(server, load_statistics)
    bike = labels.named("bike")
    assert bike is not None
    assert bike.id not in (1, 3, 7, 9)
    assert (after.images, after.segments) == (before.images + 2, before.segments + 4)
    page.get_by_role("tab", name="Photos").click()
    numbers = f"{after.images} images, {after.segments} segments"
    page.wait_for_function("(text) => document.querySelector('#numbers')?.textContent.includes(text)", arg=numbers)
    assert "bike" in page.locator("#numbers").inner_text()


@pytest.mark.long
def test_every_format_is_downloaded_and_read(server, page, tmp_path):
    look_into(page, server, coco_zip(tmp_path / "streets.zip", first=2_000))
    page.get_by_role("button", name="Import", exact=True).click()
    page.wait_for_function(f"() => ({REPORTED})('import-report').includes('2 images added')")
    for name in WRITTEN_FORMATS:
        open_page(page, f"{server.url}/data", "Export")
        choose(page, "format", CAPABILITIES[name].title)
        files = export(page, tmp_path)
        report = json.loads(files["export-report.json"])
        assert report["format"] == name
        assert report["images"] == read(server, load_statistics).by_state[ImageState.DONE]
        shown = page.locator("#export-report").inner_text()
        assert all(loss["what"] in shown for loss in report["losses"])
        assert sum(data[:8] == b"\x89PNG\r\n\x1a\n" for data in files.values()) >= 2


@pytest.mark.long
def test_an_export_is_chosen_by_state_split_and_category(server, page, tmp_path):
    look_into(page, server, coco_zip(tmp_path / "streets.zip", first=5_000, photos=12))
    page.get_by_role("button", name="Import", exact=True).click()
    page.wait_for_function(f"() => ({REPORTED})('import-report').includes('12 images added')")
    open_page(page, f"{server.url}/data", "Export")
    page.get_by_label("done images only").check()
    choose(page, "export-split", "val")
    choose(page, "export-categories", "car")
    raw = json.loads(export(page, tmp_path)["instances.json"])
    images = read(server, lambda session: list_images(session, limit=10_000))
    expected = {image.source_id for image in images if image.done and image.split == "val"}
    assert {image["id"] for image in raw["images"]} == expected
    assert 0 < len(expected) < len(images) / 2


@pytest.mark.long
def test_a_cancelled_import_and_a_cancelled_export_leave_nothing(server, page, tmp_path):
    before = read(server, load_statistics).images
    look_into(page, server, coco_zip(tmp_path / "many.zip", first=4_000, photos=800))
    page.get_by_role("button", name="Import", exact=True).click()
    page.locator("#import-cancel:not([disabled])").click()
    page.wait_for_function(f"() => ({REPORTED})('import-report').includes('stopped')")
    assert read(server, load_statistics).images == before
    page.get_by_role("button", name="Import", exact=True).click()
    page.wait_for_function(f"() => ({REPORTED})('import-report').includes('800 images added')")
    page.get_by_role("tab", name="Export").click()
    page.locator("#export-folder textarea, #export-folder input").fill(str(tmp_path / "out"))
    page.get_by_role("button", name="Write into the folder").click()
    page.locator("#export-cancel:not([disabled])").click()
    page.wait_for_function(f"() => ({REPORTED})('export-report').includes('stopped')")
    assert not (tmp_path / "out").exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".out")] == []


@pytest.mark.long
def test_with_users_nobody_names_folders_and_imports_are_signed(page, tmp_path):
    workspace, _ = make_workspace(tmp_path / "workspace", photos=1)
    with workspace.database.write() as session:
        add_person(session, "ann", hash_password("correct horse"))
    workspace.close()
    with serving(workspace.folder, "--no-model") as running:
        page.goto(f"{running.url}/login")
        page.get_by_label("Name").fill("ann")
        page.get_by_label("Password").fill("correct horse")
        page.get_by_role("button", name="Log in").click()
        look_into(page, running, coco_zip(tmp_path / "streets.zip", first=1))
        assert page.locator("#import-path").count() == 0
        page.get_by_role("button", name="Import", exact=True).click()
        page.wait_for_function(f"() => ({REPORTED})('import-report').includes('2 images added')")
        page.get_by_role("tab", name="Export").click()
        page.locator("#export").wait_for()
        assert page.locator("#export-folder").count() == 0
        images = read(running, lambda session: list_images(session, limit=9))
        log = read(running, lambda session: history(session, images[-1].id))
        assert {line.user for line in log} == {"ann"}
