"""The Annotate page in headless Chromium: open to painted masks, hover, view switch, action to saved."""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import Page

from tests.benchmarks.figures import Figure, figure
from tests.chromium import ABSENT, chromium, chromium_path
from tests.e2e.annotate import PLACE, AnnotatePage
from tests.made import make_workspace
from tests.serving import serving

# The size and number of masks that the measured facts of the canvas were taken with.
SIZE = (1500, 1000)
PROPOSALS = 100
OPENINGS = 15
MOVES = 200
SWITCHES = 30
CORRECTIONS = 40
# The page forgets its oldest measures, so they are taken as they come.
KEEP = """() => {
  window.measured = [];
  new PerformanceObserver((list) => window.measured.push(...list.getEntries().map(({ name, startTime, duration }) =>
    ({ name, startTime, duration })))).observe({ entryTypes: ['measure'] });
}"""
PAINTED = """() => performance.getEntriesByName('mw-open-painted').length > 0"""
SINCE_NAVIGATION = (
    """() => { const [m] = performance.getEntriesByName('mw-open-painted'); return m.startTime + m.duration; }"""
)


def measure() -> list[Figure]:
    path = chromium_path()
    if path is None:
        print(f"pages not measured: {ABSENT}")
        return []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "workspace"
        workspace, (image,) = make_workspace(home, size=SIZE, proposals=PROPOSALS)
        workspace.close()
        with serving(home, "--no-model") as server, chromium(path) as browser:
            page = browser.new_page(viewport={"width": 1280, "height": 720})
            opened = [_open(page, f"{server.url}/?image={image.id}") for _ in range(OPENINGS + 1)][1:]
            page.evaluate(KEEP)
            return [
                figure("page address → masks painted (100 masks, 1.5 Mpx)", opened),
                figure("hover → highlight, script", _hover(page)),
                figure("view switch → painted, script", _switch(page)),
                figure("key → saved on the page", _correct(AnnotatePage(page, server.url))),
            ]


def _open(page: Page, url: str) -> float:
    page.goto("about:blank")
    page.goto(url)
    page.wait_for_function(PAINTED)
    return float(page.evaluate(SINCE_NAVIGATION))


def _durations(page: Page, name: str) -> list[float]:
    page.wait_for_timeout(200)
    return [item["duration"] for item in page.evaluate("() => window.measured") if item["name"] == name]


def _hover(page: Page) -> list[float]:
    for step in range(MOVES):
        x, y = page.evaluate(PLACE, [(step * 137) % SIZE[0], (step * 71) % SIZE[1]])
        page.mouse.move(x, y)
    return _durations(page, "mw-hover")


def _switch(page: Page) -> list[float]:
    page.locator(".mw-root").focus()
    for _ in range(SWITCHES):
        page.keyboard.press("v")
        page.wait_for_timeout(30)
    return _durations(page, "mw-view")


def _correct(annotate: AnnotatePage) -> list[float]:
    annotate.page.keyboard.press(".")
    for step in range(CORRECTIONS):
        annotate.press("a" if step % 2 else "x")
    return _durations(annotate.page, "mw-saved")
