"""Names that would run as a script if any page let them: they show as text on every page."""

from __future__ import annotations

import json

import pytest
from argon2 import PasswordHasher

from app.workflows.ingest import PhotoFile, add_photos
from core.annotation.proposals import ClassScore, Proposal
from storage.categories import add_category
from storage.persons import add_person
from storage.proposals import save_proposals
from tests.e2e.annotate import ROOT, SAVED, AnnotatePage
from tests.e2e.gradio_pages import give_files, open_page
from tests.e2e.persons import log_in
from tests.made import MODEL_SHA256, make_workspace, photo_bytes, random_proposals
from tests.serving import serving

pytestmark = [pytest.mark.browser, pytest.mark.long]

NAMES = [
    "${alert(1)}<img src=x onerror=alert(1)>",
    "{{alert(2)}}`${alert(2)}`",
    "</script><script>alert(3)</script>",
    "\\u003cimg src=x onerror=alert(4)\\u003e\"'><svg onload=alert(4)>",
    "[click](javascript:alert(5)) $\\href{javascript:alert(5)}{x}$",
]
PERSON = "<img src=x onerror=alert(6)>${alert(6)}{{alert(6)}}"
FOLDER = "<img src=x onerror=alert(7)>${alert(7)}"
PASSWORD = "correct horse"
WATCH = """
  window.ran = [];
  for (const name of ['alert', 'confirm', 'prompt']) window[name] = (...given) => window.ran.push([name, ...given]);
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    home = tmp_path_factory.mktemp("names")
    workspace, _ = make_workspace(home / FOLDER, photos=0)
    with workspace.database.write() as session:
        add_person(session, PERSON, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD))
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
    with serving(home / FOLDER, "--no-model") as running:
        yield running


@pytest.fixture
def watched(server, page):
    page.add_init_script(WATCH)
    log_in(page, server.url, PERSON, PASSWORD)
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


def test_in_the_film_strip_the_history_and_the_help(server, watched):
    watched.goto(server.url)
    watched.wait_for_function(f"() => document.querySelector('.mw-root')?.maskwright && {ROOT}.state().photo")
    watched.keyboard.press(".")
    watched.keyboard.press("1")
    watched.wait_for_function(SAVED)
    assert watched.locator(".mw-film").get_by_title(NAMES[0]).count() >= 1
    watched.keyboard.press("Shift+H")
    watched.get_by_role("tabpanel", name="History").get_by_text(PERSON).first.wait_for()
    watched.keyboard.press("c")
    watched.keyboard.press("?")
    watched.get_by_label("Find a key or what it does").fill(NAMES[1])
    watched.get_by_text("No key does this").wait_for()
    watched.get_by_role("button", name="Import keys from a text").click()
    watched.get_by_label("Your keys as JSON text").fill(f'{{"maskwright_keys": 1, "preset": {json.dumps(NAMES[0])}}}')
    watched.get_by_role("button", name="Take over the keys of this text").click()
    watched.get_by_text(f"There is no preset “{NAMES[0]}” here").wait_for()


def test_in_a_label_that_is_added_by_the_search(server, watched):
    watched.goto(server.url)
    watched.wait_for_function(f"() => document.querySelector('.mw-root')?.maskwright && {ROOT}.state().photo")
    watched.keyboard.press("/")
    watched.keyboard.type(f"{NAMES[2]} added")
    watched.get_by_role("option", name=f"+ add “{NAMES[2]} added”", exact=True).wait_for()
    watched.keyboard.press("Enter")
    watched.locator("[aria-live=polite]", has_text=f"“{NAMES[2]} added” is a label now").wait_for()


def test_on_the_labels_page(server, watched):
    watched.goto(f"{server.url}/labels")
    for name in NAMES:
        watched.get_by_label(f"Name of “{name}”", exact=True).wait_for()
    renamed = f"{NAMES[3]} renamed"
    watched.get_by_label(f"Name of “{NAMES[3]}”", exact=True).fill(renamed)
    watched.keyboard.press("Enter")
    log = watched.get_by_role("region", name="Changes")
    log.get_by_text(f"renamed “{NAMES[3]}” to “{renamed}”").wait_for()
    assert log.get_by_text(PERSON).count() >= 1
    watched.get_by_role("button", name=f"Merge “{renamed}” into another label", exact=True).click()
    watched.get_by_role("dialog").get_by_text(f"Merge “{renamed}”", exact=True).wait_for()
    watched.keyboard.press("Escape")
    watched.get_by_role("button", name="Undo the last change").click()
    watched.get_by_label(f"Name of “{NAMES[3]}”", exact=True).wait_for()


def test_on_the_login_and_account_pages(server, watched):
    watched.goto(f"{server.url}/account")
    watched.get_by_text(PERSON).wait_for()
    watched.get_by_role("button", name="Log out").click()
    watched.get_by_label("Name").fill(NAMES[3])
    watched.get_by_label("Password").fill("wrong password")
    watched.get_by_role("button", name="Log in").click()
    watched.get_by_role("alert").wait_for()
    assert watched.get_by_label("Name").input_value() == NAMES[3]


def test_on_the_train_page(server, watched):
    watched.goto(f"{server.url}/train")
    watched.get_by_role("button").nth(2).wait_for()


def test_on_the_data_page(server, watched, tmp_path):
    hostile = tmp_path / "${alert(1)}<img src=x onerror=alert(1)>.jpg"
    hostile.write_text("no photo")
    open_page(watched, f"{server.url}/data")
    give_files(watched, "photos", hostile)
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
    open_page(watched, f"{server.url}/data", "Import a data set")
    give_files(watched, "import-files", listed, shown=listed.stem)
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
