"""Keys in a real browser: changed in the help, followed everywhere at once, and only where they are meant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.annotate import ROOT, SAVED, SHOWN
from tests.made import make_workspace
from tests.serving import Server, serving

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    workspace, _ = make_workspace(tmp_path_factory.mktemp("keys") / "workspace", photos=3)
    workspace.close()
    with serving(workspace.folder, "--no-model") as running:
        yield running


@pytest.fixture
def shown(server: Server, page: Page) -> Page:
    page.goto(f"{server.url}/?image=1")
    page.wait_for_function(SHOWN)
    return page


def state(page: Page, name: str) -> Any:
    return page.evaluate(f"{ROOT}.state().{name}")


def test_a_search_begun_as_the_help_closes_keeps_the_keys(shown: Page) -> None:
    shown.keyboard.press("?")
    shown.get_by_role("dialog", name="Keys").wait_for()
    # In one go: a dialog tells of its end only afterwards.
    shown.evaluate(
        """async () => {
          const dialog = document.querySelector('dialog[open]');
          const closed = new Promise((resolve) => dialog.addEventListener('close', resolve));
          dialog.close();
          const key = new KeyboardEvent('keydown', { key: '/', code: 'Slash', bubbles: true, cancelable: true });
          document.activeElement.dispatchEvent(key);
          await closed;
        }"""
    )
    shown.keyboard.type("new")
    shown.get_by_role("option", name="+ add “new”").wait_for()


def test_a_key_is_changed_and_everything_follows_at_once_and_after_a_reload(shown: Page) -> None:
    shown.keyboard.press("?")
    shown.get_by_label("Find a key or what it does").fill("show or hide all masks")
    shown.get_by_role("button", name="show or hide all masks: T. Change this key").click()
    shown.keyboard.press("b")
    expect(shown.get_by_text("B is the key of “brush”.")).to_be_visible()
    shown.keyboard.press("b")
    expect(shown.get_by_text("“brush” has lost it.")).to_be_visible()
    shown.keyboard.press("Escape")
    for again in (False, True):
        if again:
            shown.reload()
            shown.wait_for_function(SHOWN)
        shown.keyboard.press("b")
        assert state(shown, "masksShown") is False
        shown.keyboard.press("b")
        shown.keyboard.press("t")
        assert (state(shown, "masksShown"), state(shown, "tool")) == (True, "select")
        assert shown.locator("[data-action=brush]").first.get_attribute("aria-keyshortcuts") is None
    shown.keyboard.press("?")
    shown.get_by_label("Keys as in").select_option("CVAT")
    shown.keyboard.press("Escape")
    following = shown.get_by_role("button", name="Next photo")
    assert following.get_attribute("title") == "Next photo (F)"
    shown.keyboard.press("f")
    shown.wait_for_function(f"() => {ROOT}.state().image.id === 2")
    shown.keyboard.press("d")
    shown.wait_for_function(f"() => {ROOT}.state().image.id === 1")


def test_keys_of_other_keyboards_work(shown: Page) -> None:
    size = state(shown, "brushSize")
    press = """([key, code]) => document.activeElement.dispatchEvent(
      new KeyboardEvent('keydown', { key, code, bubbles: true, cancelable: true }))"""
    shown.evaluate(press, ["ü", "BracketLeft"])
    assert state(shown, "brushSize") < size
    shown.evaluate(press, ["м", "KeyV"])
    assert state(shown, "view") == "panoptic"


def test_typing_leaks_no_key_and_escape_leaves_the_canvas_to_the_tab_key(shown: Page) -> None:
    shown.keyboard.press("/")
    shown.keyboard.type("axbt")
    assert (state(shown, "masksShown"), state(shown, "tool")) == (True, "select")
    shown.keyboard.press("Escape")
    shown.wait_for_function(SAVED)
    assert state(shown, "image.segments") == []
    on_canvas = "document.activeElement === document.querySelector('.mw-root')"
    for _ in range(2):
        shown.keyboard.press("Escape")
    for key in ("Space", "Enter", "ArrowRight"):
        shown.keyboard.press(key)
    assert (state(shown, "image.id"), shown.evaluate(on_canvas)) == (1, False), "nothing is pressed by surprise"
    shown.keyboard.press("Escape")
    assert shown.evaluate(on_canvas)
    shown.keyboard.press("Escape")
    shown.keyboard.press("Tab")
    focused = "document.activeElement.closest('.mw-root') !== null && document.activeElement.tagName"
    assert shown.evaluate(focused) in ("BUTTON", "INPUT", "A")
    shown.keyboard.press("Tab")
    assert not shown.evaluate(on_canvas)
    shown.keyboard.press("v")
    assert (state(shown, "view"), shown.evaluate(on_canvas)) == ("panoptic", True)
    shown.evaluate("document.activeElement.blur()")
    assert shown.evaluate("document.activeElement === document.body")
    shown.keyboard.press("v")
    assert (state(shown, "view"), shown.evaluate(on_canvas)) == ("semantic", True)
