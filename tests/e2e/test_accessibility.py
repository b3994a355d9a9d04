"""Every page for people who see little or use no mouse: what axe-core finds in both themes, and where keys lead."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from argon2 import PasswordHasher
from playwright.sync_api import Page

from storage.persons import add_person
from tests.axe import Fault, faults
from tests.e2e.annotate import SAVED, SHOWN
from tests.e2e.persons import log_in
from tests.made import make_workspace
from tests.serving import Server, serving

pytestmark = pytest.mark.browser

PASSWORD = "correct horse"
GRAVE = ("serious", "critical")
# Gradio's own, which no option or style of ours reaches. Its upload field is a button whose name ("Click to upload or
# drop files") is not the text that it shows ("Drop File Here - or - Click to Upload"); both say the same. A field for
# a file that is not there yet names a plain element "Empty value".
GRADIOS_OWN = {
    "label-content-name-mismatch": re.compile(r"\.upload-container"),
    "aria-prohibited-attr": re.compile(r"\.empty$"),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    workspace, _ = make_workspace(tmp_path_factory.mktemp("axe") / "workspace", photos=2)
    with workspace.database.write() as session:
        add_person(session, "ann", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD))
    workspace.close()
    with serving(workspace.folder, "--no-model") as running:
        yield running


def grave(page: Page) -> list[Fault]:
    """The serious and critical faults, but Gradio's that are named above."""
    found = [fault for fault in faults(page) if fault.impact in GRAVE]
    return [one for one in found if not (one.rule in GRADIOS_OWN and GRADIOS_OWN[one.rule].search(one.selector))]


def annotate(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/?image=1")
    page.wait_for_function(SHOWN)


def annotate_with_segments(page: Page, _: Server) -> None:
    for key in ("a", "a", ".", "h"):
        page.keyboard.press(key)
    page.wait_for_function(SAVED)


def check(page: Page, _: Server) -> None:
    page.keyboard.press("c")
    page.get_by_role("tab", name="Check", selected=True).wait_for()


def history(page: Page, _: Server) -> None:
    page.keyboard.press("Shift+H")
    page.get_by_role("tab", name="History", selected=True).wait_for()


def look(page: Page, _: Server) -> None:
    page.keyboard.press("Shift+V")
    page.get_by_label("Brightness").first.wait_for()


def keys(page: Page, _: Server) -> None:
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keys").wait_for()
    page.get_by_role("button", name="Export your keys as text").click()


def searching(page: Page, _: Server) -> None:
    page.keyboard.press("Escape")
    page.get_by_role("dialog", name="Keys").wait_for(state="hidden")
    page.keyboard.press("/")
    page.keyboard.type("new")
    page.get_by_role("option", name="+ add “new”").wait_for()


def labels(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/labels")
    page.get_by_label("Name of “car”").wait_for()


def merging(page: Page, _: Server) -> None:
    page.get_by_role("button", name="Merge “car” into another label").click()
    page.get_by_role("dialog", name="Merge labels").wait_for()


def data(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/data")
    page.get_by_text("Drop File Here").first.wait_for()


def exporting(page: Page, _: Server) -> None:
    page.get_by_role("tab", name="Export").click()
    page.get_by_role("button", name="Make a zip").wait_for()


def train(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/train")
    page.get_by_role("button").nth(2).wait_for()


def account(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/account")
    page.get_by_role("button", name="Log out").wait_for()


# One after the other, each from where the last one left the browser.
PAGES = (
    annotate,
    annotate_with_segments,
    check,
    history,
    look,
    keys,
    searching,
    labels,
    merging,
    data,
    exporting,
    train,
    account,
)


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.long)])
def test_no_page_has_a_serious_fault(server: Server, page: Page, theme: str) -> None:
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    page.goto(f"{server.url}/login")
    found = {"login": grave(page)}
    log_in(page, server.url, "ann", PASSWORD)
    for show in PAGES:
        show(page, server)
        found[show.__name__] = grave(page)
    told = [f"{name}: {fault}" for name, some in found.items() for fault in some]
    assert told == [], "\n".join(told)


def tab_stops(page: Page, inside: str) -> list[str]:
    """The names of what the Tab key reaches inside an element, once around."""
    reached: list[str] = []
    for _ in range(200):
        page.keyboard.press("Tab")
        name = page.evaluate(
            """(inside) => {
              const one = document.activeElement;
              if (!one.closest(inside)) return null;
              const { outlineStyle, outlineWidth } = getComputedStyle(one);
              if (outlineStyle === 'none' || outlineWidth === '0px') return `no visible focus: ${one.outerHTML}`;
              return one.getAttribute('aria-label') ?? one.textContent;
            }""",
            inside,
        )
        if name is None and reached:
            break
        if name is not None:
            reached.append(name)
    return reached


@pytest.mark.parametrize(
    ("show", "inside", "wanted"),
    [
        (annotate, ".mw-root", ["Next photo", "Undo", "Opacity of the masks", "Help: all keys"]),
        (labels, ".mw-editor", ["Name of “car”", "Move “car” up", "Merge “car” into another label", "Undo the last"]),
    ],
)
def test_the_tab_key_reaches_every_control_and_shows_where_it_is(
    server: Server, page: Page, show: Callable[[Page, Server], None], inside: str, wanted: list[str]
) -> None:
    log_in(page, server.url, "ann", PASSWORD)
    show(page, server)
    if inside == ".mw-root":
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
    reached = tab_stops(page, inside)
    assert [name for name in reached if name.startswith("no visible focus")] == []
    assert [name for name in wanted if not any(one.startswith(name) for one in reached)] == []


def test_what_happens_is_said_and_the_canvas_says_what_it_is(server: Server, page: Page) -> None:
    log_in(page, server.url, "ann", PASSWORD)
    annotate(page, server)
    canvas = page.get_by_role("application")
    assert "press ? for all keys" in str(canvas.get_attribute("aria-label"))
    said = page.locator("[aria-live=polite]", has_text="All masks are hidden")
    page.keyboard.press("t")
    said.wait_for()


def test_who_wants_little_motion_gets_none(server: Server, page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    log_in(page, server.url, "ann", PASSWORD)
    annotate(page, server)
    moving = """() => document.getAnimations().filter((one) => one.playState === 'running'
      && one.effect.target?.closest('.mw-root')).map((one) => one.effect.target.className)"""
    assert page.evaluate(moving) == []


@pytest.mark.long
def test_everything_is_reached_in_a_window_zoomed_to_be_read(server: Server, page: Page) -> None:
    """At 200 % a window of 1280×720 has 640×360 pixels of CSS."""
    page.set_viewport_size({"width": 640, "height": 360})
    log_in(page, server.url, "ann", PASSWORD)
    annotate(page, server)
    page.get_by_role("button", name="Film strip").click()
    page.locator(".mw-frame[aria-current=true]").wait_for()
    around = "[...document.querySelectorAll('*')].filter((one) => one.contains(document.querySelector('.mw-root')))"
    assert page.evaluate(f"() => {around}.some((one) => one.scrollTop + one.scrollLeft > 0)") is False
    for name in ("Previous photo", "Help: all keys", "Select", "Panel: labels, check, history"):
        page.get_by_role("button", name=name).first.scroll_into_view_if_needed()
        box = page.get_by_role("button", name=name).first.bounding_box()
        assert box is not None
        assert 0 <= box["x"] <= 640 - box["width"]
        assert 0 <= box["y"] <= 360 - box["height"]
    panel = page.get_by_role("complementary", name="Panel")
    assert not panel.is_visible()
    page.get_by_role("button", name="Panel: labels, check, history").click()
    page.get_by_role("tab", name="History").click()
    page.get_by_role("button", name="Panel: labels, check, history").click()
    panel.wait_for(state="hidden")
    page.keyboard.press("/")
    page.get_by_label("Find or add a label").wait_for()


def test_what_is_said_in_the_bar_moves_nothing(server: Server, page: Page) -> None:
    log_in(page, server.url, "ann", PASSWORD)
    annotate(page, server)
    place = "() => JSON.stringify(document.querySelector('.mw-stage').getBoundingClientRect())"
    before = page.evaluate(place)
    page.context.clear_cookies()
    page.keyboard.press("a")
    said = page.locator(".mw-saving", has_text="not saved (1): you are logged out")
    said.wait_for()
    page.get_by_role("link", name="Logged out: log in again").wait_for()
    assert page.evaluate(place) == before
    assert page.evaluate("() => document.querySelector('.mw-saving span').scrollWidth") <= 104
    assert page.evaluate("() => document.querySelector('.mw-toolbar').scrollWidth") <= 1280
