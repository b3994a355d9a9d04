"""Names that would run as a script if any page let them: they show as text on every page."""

from __future__ import annotations

import json

import pytest

from app.workflows.ingest import PhotoFile, add_photos
from core.annotation.proposals import ClassScore, Proposal
from storage.categories import add_category
from storage.proposals import save_proposals
from tests.e2e.annotate import ROOT, AnnotatePage
from tests.made import MODEL_SHA256, make_workspace, photo_bytes, random_proposals
from tests.serving import serving

pytestmark = pytest.mark.browser

NAMES = [
    "${alert(1)}<img src=x onerror=alert(1)>",
    "{{alert(2)}}`${alert(2)}`",
    "</script><script>alert(3)</script>",
    "\\u003cimg src=x onerror=alert(4)\\u003e\"'><svg onload=alert(4)>",
    "[click](javascript:alert(5)) $\\href{javascript:alert(5)}{x}$",
]
WATCH = """
  window.ran = [];
  for (const name of ['alert', 'confirm', 'prompt']) window[name] = (...given) => window.ran.push([name, ...given]);
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    home = tmp_path_factory.mktemp("names")
    workspace, _ = make_workspace(home / "workspace", photos=0)
    with workspace.database.write() as session:
        for name in NAMES:
            add_category(session, name=name, is_thing=True)
    path = home / "photo.png"
    path.write_bytes(photo_bytes(60, 40))
    (image,) = add_photos(workspace, [PhotoFile(path, NAMES[0])]).added
    offered = [
        Proposal(p.query, p.mask, p.score, (ClassScore(NAMES[p.query], 0.9), ClassScore("person", 0.1)))
        for p in random_proposals(len(NAMES), image.height, image.width)
    ]
    with workspace.database.write() as session:
        save_proposals(session, image.id, MODEL_SHA256, NAMES[0], offered)
    workspace.close()
    with serving(home / "workspace", "--no-model") as running:
        yield running


@pytest.fixture
def watched(page):
    page.add_init_script(WATCH)
    yield page
    assert page.evaluate("window.ran") == []
    assert page.evaluate("document.querySelectorAll('img[src=\"x\"], svg[onload]').length") == 0


def test_on_the_annotate_page(server, watched):
    annotate = AnnotatePage(watched, server.url)
    watched.goto(server.url)
    watched.wait_for_function(f"() => document.querySelector('.mw-root')?.maskwright && {ROOT}.state().photo")
    assert watched.get_by_text(NAMES[0]).count() >= 1, "the photo's name is not shown as it is"
    for _ in NAMES:
        watched.keyboard.press(".")
        annotate.press("a")
    for view in ("v", "v", "v"):
        watched.keyboard.press(view)
    for number in range(len(NAMES)):
        watched.keyboard.press(".")
        selection = watched.get_by_role("region", name="Selection").inner_text()
        assert any(name in selection for name in NAMES), f"step {number} shows {selection!r}"
    watched.keyboard.press("/")
    watched.keyboard.type("alert")
    assert watched.get_by_role("listbox", name="Labels").get_by_text(NAMES[2]).count() == 1


def test_on_the_labels_page(server, watched):
    watched.goto(f"{server.url}/labels")
    watched.get_by_label("Change").click()
    for name in NAMES:
        assert watched.get_by_text(name, exact=True).count() >= 1
    watched.get_by_role("option", name=NAMES[0], exact=True).click()
    watched.wait_for_function(
        "(name) => document.querySelector('#name textarea, #name input').value === name", arg=NAMES[0]
    )


def test_on_the_data_page(server, watched, tmp_path):
    hostile = tmp_path / "${alert(1)}<img src=x onerror=alert(1)>.jpg"
    hostile.write_text("no photo")
    watched.goto(f"{server.url}/data")
    watched.locator("#photos input[type=file]").set_input_files(hostile)
    report = watched.locator("#upload-report textarea")
    watched.wait_for_function("() => document.querySelector('#upload-report textarea').value.includes('refused')")
    assert "0 added, 0 already there, 1 refused" in report.input_value()
    watched.get_by_role("tab", name="Export").click()
    watched.get_by_role("button", name="Make a zip").click()
    watched.locator("#export-report p").wait_for()
    watched.locator("#export-categories input").click()
    for name in NAMES:
        watched.get_by_role("option", name=name, exact=True).wait_for()


def test_in_a_data_set_that_is_looked_into(server, watched, tmp_path):
    """Its categories have such names; the first also the id of another here, which is asked about."""
    categories = [{"id": number, "name": f"{name} too"} for number, name in enumerate(NAMES, start=1)]
    images = [{"id": 1, "file_name": f"{NAMES[0]}.png", "width": 60, "height": 40}]
    segments = [
        {
            "id": category["id"],
            "image_id": 1,
            "category_id": category["id"],
            "bbox": [0, 0, 9, 9],
            "area": 81,
            "iscrowd": 0,
            "segmentation": [[0, 0, 9, 0, 9, 9, 0, 9]],
        }
        for category in categories
    ]
    listed = tmp_path / "set.json"
    listed.write_text(json.dumps({"images": images, "annotations": segments, "categories": categories}))
    watched.goto(f"{server.url}/data")
    watched.get_by_role("tab", name="Import a data set").click()
    watched.locator("#import-files input[type=file]").set_input_files(listed)
    watched.get_by_text(listed.name).first.wait_for()
    watched.get_by_role("button", name="Look into it").click()
    watched.locator("#import-plan table").wait_for()
    shown = watched.locator("#import-plan").inner_text()
    assert all(category["name"] in shown for category in categories)
    assert NAMES[0] in watched.locator("#clash-0").inner_text()
    watched.locator("#clash-0 input").click()
    watched.get_by_role("option", name=NAMES[1], exact=True).click()
    watched.get_by_role("button", name="Import", exact=True).click()
    watched.locator("#import-report p").wait_for()
    assert NAMES[0] in watched.locator("#import-report").inner_text()
