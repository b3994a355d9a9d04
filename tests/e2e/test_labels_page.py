"""The Labels page in a real browser: each change is saved at once, told, and undone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy.orm import Session

from core.annotation.labels import Category, LabelSet
from storage.categories import add_category, count_segments, load_label_set
from storage.workspace import Workspace
from tests.e2e.annotate import ROOT, SAVED, SHOWN, go_offline
from tests.made import LABELS, make_workspace
from tests.serving import Server, serving

pytestmark = pytest.mark.browser

Item = TypeVar("Item")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with _labels_served(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """For tests that mind no label of the others: each has photos of its own, and one alone labels a person."""
    with _labels_served(tmp_path_factory.mktemp("labels")) as running:
        yield running


@contextmanager
def _labels_served(folder: Path) -> Iterator[Server]:
    workspace, _ = make_workspace(folder / "workspace", photos=4)
    workspace.close()
    with serving(workspace.folder, "--no-model") as running:
        yield running


def read(server: Server, load: Callable[[Session], Item]) -> Item:
    with Workspace.open(server.workspace, create=False) as workspace, workspace.database.read() as session:
        return load(session)


class Editor:
    def __init__(self, page: Page, server: Server) -> None:
        self.page, self.server = page, server
        page.goto(f"{server.url}/labels")
        page.get_by_role("table").wait_for()

    def says(self, text: str) -> None:
        expect(self.page.locator(".mw-editor-said")).to_contain_text(text)

    def stored(self) -> LabelSet:
        return read(self.server, load_label_set)

    def category(self, name: str) -> Category:
        found = self.stored().named(name)
        assert found is not None
        return found

    def names(self) -> list[str]:
        return [category.name for category in self.stored()]


def test_labels_are_added_changed_moved_removed_and_all_of_it_undone(server: Server, page: Page) -> None:
    editor = Editor(page, server)
    page.get_by_label("Name of a new label").fill("zebra")
    page.keyboard.press("Enter")
    editor.says("Added “zebra”.")
    page.get_by_label("Name of “zebra”").fill("okapi")
    page.keyboard.press("Enter")
    editor.says("Changed “okapi”.")
    page.get_by_label("Kind of “okapi”").select_option("stuff")
    expect(page.get_by_role("region", name="Changes")).to_contain_text("made “okapi” stuff")
    page.get_by_label("Colour of “okapi”").evaluate(
        "(input) => { input.value = '#0a141e'; input.dispatchEvent(new Event('change')); }"
    )
    expect(page.get_by_role("region", name="Changes")).to_contain_text("another colour")
    page.get_by_role("button", name="Move “okapi” up").focus()
    page.keyboard.press("Enter")
    editor.says("Swapped “road” and “okapi”.")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Move “okapi” up"
    okapi = editor.category("okapi")
    assert (okapi.is_thing, okapi.colour) == (False, (10, 20, 30))
    assert editor.names() == ["person", "car", "sky", "okapi", "road"]
    page.get_by_label("Name of “okapi”").fill("person")
    page.keyboard.press("Enter")
    editor.says("two categories have the name 'person'")
    page.get_by_role("button", name="Remove “road”").click()
    editor.says("Removed “road”.")
    for _ in range(6):
        page.keyboard.press("Control+z")
    editor.says("Undone: added “zebra”.")
    page.keyboard.press("Control+z")
    editor.says("left to undo")
    assert editor.stored() == LABELS


def test_rows_are_dragged_to_another_place(shared: Server, page: Page) -> None:
    editor = Editor(page, shared)
    row = page.get_by_role("row")
    handle = row.filter(has=page.get_by_label("Name of “road”")).locator(".mw-editor-handle")
    handle.drag_to(page.get_by_label("Name of “car”"), target_position={"x": 5, "y": 2})
    editor.says("Moved “road” up.")
    assert editor.names()[:4] == ["person", "road", "car", "sky"]


def test_a_key_of_its_own_gives_the_label_on_the_annotate_page(shared: Server, page: Page) -> None:
    editor = Editor(page, shared)
    page.get_by_label("Key of “road”").click()
    page.keyboard.press("b")
    editor.says("B is “brush” on the Annotate page")
    page.keyboard.press("Alt+r")
    editor.says("Changed “road”.")
    page.get_by_label("Key of “sky”").click()
    page.keyboard.press("1")
    editor.says("Changed “sky”.")
    page.get_by_label("Key of “car”").click()
    page.keyboard.press("1")
    editor.says("1 gives “sky”; press it again")
    page.keyboard.press("1")
    expect(page.get_by_label("Key of “car”: 1", exact=True)).to_be_visible()
    editor.says("Changed “car”.")
    keys = {name: editor.category(name).key for name in ("person", "car", "sky", "road")}
    assert keys == {"person": None, "car": "1", "sky": None, "road": "Alt+R"}
    page.goto(f"{shared.url}/?image=3")
    page.wait_for_function(SHOWN)
    for key, category_id in (("1", 3), ("3", 7), ("Alt+r", 9)):
        page.keyboard.press(".")
        (chosen,) = page.evaluate(f"{ROOT}.state().selection")
        page.keyboard.press(key)
        page.wait_for_function(SAVED)
        proposal_id = int(chosen.removeprefix("p"))
        segments = page.request.get(f"{shared.url}/api/v1/images/3").json()["segments"]
        assert [one["category_id"] for one in segments if proposal_id in one["proposals"]] == [category_id]


@pytest.mark.long
def test_a_merge_says_what_it_touches_before_and_its_undo_gives_it_back(shared: Server, page: Page) -> None:
    for image_id in (1, 2):
        page.goto(f"{shared.url}/?image={image_id}")
        page.wait_for_function(SHOWN)
        page.keyboard.press("Shift+A")
        page.wait_for_function(SAVED)
    before = read(shared, load_label_set)
    people = read(shared, lambda session: count_segments(session, 1))
    editor = Editor(page, shared)
    page.get_by_role("button", name="Remove “person”: its segments go to another label").click()
    dialog = page.get_by_role("dialog", name="Merge labels")
    dialog.get_by_label("Label that gets its segments").select_option("car")
    expect(dialog).to_contain_text(f"{people} segments in 2 images become “car”.")
    dialog.get_by_role("button", name="Merge").click()
    editor.says(f"“person” became “car”: {people} segments in 2 images.")
    assert "person" not in editor.names()
    assert read(shared, lambda session: count_segments(session, 1)) == 0
    page.get_by_role("button", name="Undo the last change").click()
    editor.says("Undone: merged “person” into “car”.")
    assert editor.stored() == before
    assert read(shared, lambda session: count_segments(session, 1)) == people


def test_a_change_goes_on_top_of_what_somebody_else_did_meanwhile(shared: Server, page: Page) -> None:
    editor = Editor(page, shared)
    known = page.request.get(f"{shared.url}/api/v1/label-set").json()
    body = {"workspace": known["workspace"], "base": known["revision"], "kind": "add", "name": "theirs"}
    assert page.request.post(f"{shared.url}/api/v1/label-set/changes", data=body).ok
    page.get_by_label("Name of a new label").fill("mine")
    page.keyboard.press("Enter")
    editor.says("Added “mine”.")
    expect(page.get_by_label("Name of “theirs”")).to_be_visible()
    assert editor.names()[-2:] == ["theirs", "mine"]


def test_changes_made_while_one_is_saved_are_all_saved(server: Server, page: Page) -> None:
    editor = Editor(page, server)
    held: list[Route] = []
    page.route("**/label-set/changes", lambda route: held.append(route), times=1)
    page.get_by_label("Name of “car”").fill("lorry")
    page.keyboard.press("Tab")
    page.keyboard.press("s")
    page.get_by_role("button", name="Move “person” down").focus()
    for _ in range(3):
        page.keyboard.press("Enter")
    rows = page.locator("tbody tr")
    expect(rows.nth(3).get_by_label("Name of “person”")).to_be_visible()
    expect(page.get_by_label("Kind of “lorry”")).to_have_value("stuff")
    assert editor.stored() == LABELS
    held[0].continue_()
    page.wait_for_function("document.querySelector('.mw-editor').maskwright.waiting() === 0")
    assert editor.names() == ["lorry", "sky", "road", "person"]
    assert not editor.category("lorry").is_thing
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Move “person” down"


def test_a_name_typed_without_a_connection_is_kept_and_saved_when_it_is_back(server: Server, page: Page) -> None:
    editor = Editor(page, server)
    go_offline(page)
    page.get_by_label("Name of “car”").fill("lorry")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("The name “lorry” is not saved: no connection to the server.")
    expect(page.get_by_label("Name of “lorry”")).to_have_value("lorry")
    assert "lorry" not in editor.names()
    page.get_by_role("button", name="Try again now").click()
    page.context.set_offline(False)
    editor.says("Changed “lorry”.")
    expect(page.get_by_role("alert")).to_be_hidden()
    assert "lorry" in editor.names()


def test_a_name_that_differs_in_capitals_only_is_asked_about(server: Server, page: Page) -> None:
    editor = Editor(page, server)
    fresh = page.get_by_label("Name of a new label")
    fresh.fill("PERSON")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="“PERSON” beside “person”?")
    expect(dialog).to_be_visible()
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(fresh).to_be_focused()
    page.get_by_label("Name of “person”").fill("Person")
    page.keyboard.press("Enter")
    editor.says("Changed “Person”.")
    page.get_by_label("Name of “car”").fill("PERSON")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Use “PERSON” all the same").click()
    editor.says("Changed “PERSON”.")
    assert editor.names() == ["Person", "PERSON", "sky", "road"]


def test_a_label_added_before_the_labels_were_read_is_asked_about_too(server: Server, page: Page) -> None:
    held: list[Route] = []
    page.route("**/api/v1/label-set", lambda route: held.append(route))
    page.goto(f"{server.url}/labels")
    fresh = page.get_by_label("Name of a new label")
    fresh.fill("PERSON")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    while held:
        held.pop().continue_()
    page.unroute("**/api/v1/label-set")
    page.get_by_role("button", name="Use “PERSON” all the same").click()
    said = page.locator(".mw-editor-said")
    expect(said).to_contain_text("Added “PERSON”.")
    expect(said).not_to_have_class(re.compile("mw-failing"))
    expect(page.get_by_label("Name of “PERSON”", exact=True)).to_be_visible()


def test_what_is_typed_outlives_a_change_that_arrives_meanwhile(shared: Server, page: Page) -> None:
    editor = Editor(page, shared)
    known = page.request.get(f"{shared.url}/api/v1/label-set").json()
    name = page.get_by_label("Name of “sky”")
    name.fill("half a na")
    body = {"workspace": known["workspace"], "base": known["revision"], "kind": "add", "name": "another"}
    assert page.request.post(f"{shared.url}/api/v1/label-set/changes", data=body).ok
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_label("Name of “another”")).to_be_visible()
    expect(name).to_be_focused()
    page.keyboard.type("me")
    page.keyboard.press("Enter")
    editor.says("Changed “half a name”.")
    page.get_by_role("button", name="Undo the last change").click()
    editor.says("Undone: renamed “sky”")


@pytest.mark.long
def test_three_hundred_labels_are_found_and_one_is_added_without_leaving_the_photo(shared: Server, page: Page) -> None:
    with Workspace.open(shared.workspace, create=False) as workspace, workspace.database.write() as session:
        for number in range(300):
            add_category(session, name=f"kind {number}", is_thing=True)
    page.goto(f"{shared.url}/?image=4")
    page.wait_for_function(SHOWN)
    for name in ("kind 217", "zebra"):
        page.keyboard.press(".")
        page.keyboard.press("/")
        page.keyboard.type(name)
        page.get_by_role("option", name=name).first.wait_for()
        page.keyboard.press("Enter")
        page.wait_for_function(
            f"(name) => {ROOT}.state().image.segments.some((one) => one.category_id !== null && "
            f"{ROOT}.state().categories.get(one.category_id).name === name)",
            arg=name,
        )
        page.wait_for_function(SAVED)
    page.keyboard.press("/")
    offered = page.get_by_role("listbox", name="Labels").get_by_role("option").all_inner_texts()
    assert [text.split("\n")[-1] for text in offered[:2]] == ["zebra", "kind 217"]
    page.reload()
    page.wait_for_function(SHOWN)
    assert len(page.evaluate(f"{ROOT}.state().recentLabels")) == 2
