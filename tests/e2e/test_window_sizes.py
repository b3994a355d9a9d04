"""What is read and what is hit has its size: in a low window, on a 4K screen, and under a finger."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from storage.categories import add_category
from tests.e2e.annotate import SHOWN
from tests.made import make_workspace
from tests.serving import Server, serving

pytestmark = pytest.mark.browser

HEIGHTS = "(all) => all.map((one) => one.getBoundingClientRect().height)"
BOTTOMS = "(all) => all.map((one) => one.getBoundingClientRect().bottom)"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With more labels than the panel has room for."""
    workspace, _ = make_workspace(tmp_path_factory.mktemp("sizes") / "workspace", photos=1)
    with workspace.database.write() as session:
        for number in range(20):
            add_category(session, name=f"kind {number}", is_thing=True)
    workspace.close()
    with serving(workspace.folder, "--no-model") as running:
        yield running


def annotate(page: Page, server: Server) -> None:
    page.goto(server.url)
    page.wait_for_function(SHOWN)


def test_in_a_low_window_the_labels_used_last_leave_the_legend_its_room(server: Server, page: Page) -> None:
    annotate(page, server)
    page.evaluate(
        """() => {
          const { id, categories } = document.querySelector('.mw-root').maskwright.state().workspace;
          const recentLabels = { [id]: categories.slice(14).map((one) => one.id) };
          localStorage.setItem('maskwright', JSON.stringify({ recentLabels }));
        }"""
    )
    annotate(page, server)
    assert page.locator(".mw-label").count() == 14
    assert page.locator(".mw-legend").evaluate_all(HEIGHTS)[0] >= 36
    panel, labels, view = page.locator(":is(.mw-panel, .mw-labels, .mw-view)").evaluate_all(BOTTOMS)
    assert view <= panel
    assert page.locator(".mw-label").evaluate_all(BOTTOMS)[9] <= labels


def test_on_a_4k_screen_the_links_to_the_pages_grow_with_the_page(server: Server, page: Page) -> None:
    annotate(page, server)
    page.get_by_role("link", name="Labels").wait_for()
    above = page.locator(".nav-holder nav a, .mw-toolbar")
    before = above.evaluate_all(HEIGHTS)
    page.set_viewport_size({"width": 3840, "height": 2160})
    after = above.evaluate_all(HEIGHTS)
    assert [round(large / small, 1) for small, large in zip(before, after, strict=True)] == [1.5] * 5
    page.wait_for_function("() => document.querySelector('.mw-root').getBoundingClientRect().bottom === 2160")


def test_a_finger_finds_labels_suggestions_tools_and_buttons_of_its_size(server: Server, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 1180, "height": 820}, has_touch=True, is_mobile=True)
    page = context.new_page()
    annotate(page, server)
    page.keyboard.press(".")
    page.locator(".mw-score").first.wait_for()
    for kind, least_px in ((".mw-score", 32), (".mw-label", 36), (".mw-tool", 36), (".mw-button", 36)):
        assert min(page.locator(f"{kind}:visible").evaluate_all(HEIGHTS)) >= least_px, kind
    context.close()
