"""The Data and Labels pages in a real browser: photos in, a broken one named, the label set edited."""

from __future__ import annotations

import pytest

from storage.categories import load_label_set
from storage.images import list_images
from storage.workspace import Workspace
from tests.made import make_workspace, photo_bytes
from tests.serving import serving

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    workspace, _ = make_workspace(tmp_path_factory.mktemp("pages") / "workspace", photos=1)
    workspace.close()
    with serving(workspace.folder, "--no-model") as running:
        yield running


def read(server, load):
    with Workspace.open(server.workspace, create=False) as workspace, workspace.database.read() as session:
        return load(session)


def test_good_photos_go_in_and_a_broken_one_is_named(server, page, tmp_path):
    for number in range(2):
        (tmp_path / f"new-{number}.png").write_bytes(photo_bytes(50, 40, seed=number + 10))
    (tmp_path / "broken.jpg").write_bytes(photo_bytes(50, 40, file_format="JPEG")[:300])
    page.goto(f"{server.url}/data")
    page.locator("#photos input[type=file]").set_input_files(sorted(tmp_path.iterdir()))
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
    page.goto(f"{server.url}/data")
    page.locator("#folder input[type=file]").set_input_files(folder)
    page.wait_for_function("() => document.querySelector('#upload-report textarea').value !== ''")
    assert page.locator("#upload-report textarea").input_value().startswith("2 added")


def test_the_label_set_is_extended_changed_moved_and_cut(server, page):
    page.goto(f"{server.url}/labels")
    page.get_by_label("Name", exact=True).fill("grass")
    page.get_by_text("stuff (merged").click()
    page.get_by_role("button", name="Save").click()
    told = "(text) => document.querySelector('#told textarea, #told input').value === text"
    page.wait_for_function(told, arg="saved")
    label_set = read(server, load_label_set)
    grass = label_set.named("grass")
    assert grass is not None
    assert not grass.is_thing
    assert label_set.categories[-1] is grass
    page.reload()
    page.get_by_label("Change").click()
    page.get_by_role("option", name="grass", exact=True).click()
    page.wait_for_function("() => document.querySelector('#name textarea, #name input').value === 'grass'")
    page.get_by_role("button", name="Move up").click()
    page.wait_for_function(told, arg="moved")
    assert read(server, load_label_set).categories[-2].name == "grass"
    page.get_by_label("Name", exact=True).fill("person")
    page.get_by_role("button", name="Save").click()
    page.wait_for_function(
        "() => document.querySelector('#told textarea, #told input').value.includes('two categories')"
    )
    page.get_by_role("button", name="Remove").click()
    page.wait_for_function(told, arg="removed")
    assert read(server, load_label_set).named("grass") is None
