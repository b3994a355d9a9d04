"""The Annotate page in headless Chromium, of 1920×1080, on photos of 1.5, 12 and 24 megapixels, 100 masks each.

Script is timed by the page's own marks. Figures in megabytes and in requests stand in the same columns.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize

from app.workflows.previews import FOLDER
from storage.images import ImageRecord
from tests.benchmarks.figures import Figure, figure
from tests.benchmarks.page_workspace import accept_all, large_photos, open_workspace
from tests.chromium import ABSENT, chromium, chromium_path
from tests.e2e.annotate import ROOT, AnnotatePage
from tests.serving import Server, serving

WINDOW: ViewportSize = {"width": 1920, "height": 1080}
SIZES = {"1.5 Mpx": (1500, 1000), "12 Mpx": (4240, 2832), "24 Mpx": (6000, 4000)}
# The first photo of a size has segments, the others proposals; those of 12 megapixels are leafed through.
PHOTOS = {"1.5 Mpx": 2, "12 Mpx": 10, "24 Mpx": 7}
OPENINGS = 8
MOVES = 150
SWITCHES = 24
CORRECTIONS = 30
STROKE_MOVES = 150
WAND_CLICKS = 8
LEAFED = 200
TABS = 8
MEGABYTE = 1e6
# Until the next photo is there.
PREFETCHED_MS = 2500
# A machine that others use too is slow, and that is what the figures then say.
PATIENCE_MS = 120_000

# The page forgets its oldest measures, so they are taken as they come.
KEEP = """() => {
  window.measured = [];
  new PerformanceObserver((list) => window.measured.push(...list.getEntries().map(({ name, startTime, duration }) =>
    ({ name, startTime, duration })))).observe({ entryTypes: ['measure'] });
}"""
PAINTED = "() => performance.getEntriesByName('mw-open-painted').length > 0"
SINCE_NAVIGATION = (
    """() => { const [m] = performance.getEntriesByName('mw-open-painted'); return m.startTime + m.duration; }"""
)
OPENED = "(count) => window.measured.filter(({ name }) => name === 'mw-open-painted').length >= count"
# As the browser's Back opens a photo: without having been looked ahead to.
OPEN = """(id) => {
  history.pushState(null, '', `?image=${id}`);
  dispatchEvent(new PopStateEvent('popstate'));
}"""
PLACE = f"""([x, y]) => {{
  const box = document.querySelector('.mw-stage').getBoundingClientRect();
  const {{ width, height }} = {ROOT}.state().image;
  const {{ scale, left, top }} = {ROOT}.viewport();
  const within = (at, from, to) => Math.min(Math.max(at, from + 5), to - 5);
  return [within(box.left + left + x * width * scale, box.left, box.right),
    within(box.top + top + y * height * scale, box.top, box.bottom)];
}}"""


def measure() -> list[Figure]:
    path = chromium_path()
    if path is None:
        print(f"pages not measured: {ABSENT}")
        return []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "workspace"
        photos = _make(home)
        with serving(home, "--no-model") as server, chromium(path) as browser:
            figures = [found for name in SIZES for found in _seeing(browser, server, name, photos[name])]
            figures += _opening(browser, server, photos, home / FOLDER)
            figures += _drawing(browser, server, photos["12 Mpx"][1].id)
            figures += _leafing(browser, server, photos["12 Mpx"])
            figures += _tabs(browser, server, [image for images in photos.values() for image in images[1:]])
            figures += _wand(browser, Path(folder))
    return figures


def _make(home: Path) -> dict[str, Sequence[ImageRecord]]:
    with open_workspace(home) as workspace:
        photos = {name: large_photos(workspace, home.parent, size, PHOTOS[name]) for name, size in SIZES.items()}
        for images in photos.values():
            accept_all(workspace, images[0])
    return photos


@contextmanager
def _page(browser: Browser, server: Server, image_id: int) -> Iterator[Page]:
    """The image, open and painted in a window of its own."""
    context = browser.new_context(viewport=WINDOW)
    try:
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{server.url}/?image={image_id}", wait_until="commit")
        page.wait_for_function(PAINTED)
        page.evaluate(KEEP)
        yield page
    finally:
        context.close()


def _durations(page: Page, name: str) -> list[float]:
    """What was measured under this name since the last time."""
    page.wait_for_timeout(250)
    found = page.evaluate(
        """(wanted) => {
          const found = window.measured.filter(({ name }) => name === wanted);
          window.measured = window.measured.filter(({ name }) => name !== wanted);
          return found.map(({ duration }) => duration);
        }""",
        name,
    )
    return [float(one) for one in found]


def _seeing(browser: Browser, server: Server, name: str, images: Sequence[ImageRecord]) -> Iterator[Figure]:
    with _page(browser, server, images[0].id) as page:
        page.wait_for_timeout(PREFETCHED_MS)
        for zoom, key in (("fit", "Control+0"), ("1:1", "Control+1")):
            page.mouse.move(*page.evaluate(PLACE, [0.4, 0.4]))
            page.keyboard.press(key)
            page.wait_for_timeout(600)
            _durations(page, "mw-hover")
            for step in range(MOVES):
                page.mouse.move(*page.evaluate(PLACE, [0.35 + step * 0.137 % 0.3, 0.35 + step * 0.071 % 0.3]))
            yield figure(f"hover → highlight, script, {name}, {zoom}", _durations(page, "mw-hover"))
            _durations(page, "mw-view")
            for _ in range(SWITCHES):
                page.keyboard.press("v")
                page.wait_for_timeout(120)
            yield figure(f"view switch → painted, script, {name}, {zoom}", _durations(page, "mw-view"))


def _opening(
    browser: Browser, server: Server, photos: dict[str, Sequence[ImageRecord]], previews: Path
) -> Iterator[Figure]:
    context = browser.new_context(viewport=WINDOW)
    page = context.new_page()
    opened = []
    for _ in range(OPENINGS):
        page.goto("about:blank")
        page.goto(f"{server.url}/?image={photos['1.5 Mpx'][0].id}")
        page.wait_for_function(PAINTED)
        opened.append(float(page.evaluate(SINCE_NAVIGATION)))
    context.close()
    yield figure("page address → masks painted, 1.5 Mpx", opened[1:])
    for name in ("12 Mpx", "24 Mpx"):
        _await_previews(previews, photos[name])
        yield figure(f"another image, not looked ahead to, {name}", _jumps(browser, server, photos[name]))
        yield figure(f"next image, looked ahead to, {name}", _steps(browser, server, photos[name]))
        # As if they had come a moment ago: none is made ahead once more before the next start.
        for path in _previews_of(photos[name], previews):
            path.unlink()
        yield figure(f"another image, first preview of it at all, {name}", _jumps(browser, server, photos[name]))
    with _page(browser, server, photos["1.5 Mpx"][1].id) as page:
        page.keyboard.press(".")
        annotate = AnnotatePage(page, server.url)
        for step in range(CORRECTIONS):
            annotate.press("a" if step % 2 else "x")
        yield figure("key → saved on the page, 1.5 Mpx", _durations(page, "mw-saved"))


def _await_previews(previews: Path, images: Sequence[ImageRecord]) -> None:
    until = time.monotonic() + PATIENCE_MS / 1000
    while len(_previews_of(images, previews)) < len(images):
        assert time.monotonic() < until, "the server makes no previews ahead"
        time.sleep(0.1)


def _previews_of(images: Sequence[ImageRecord], previews: Path) -> list[Path]:
    return [path for image in images for path in previews.glob(f"*/{image.display_sha256}-????.jpg")]


def _jumps(browser: Browser, server: Server, images: Sequence[ImageRecord]) -> list[float]:
    """Every second image from the last one, so that none was looked ahead to."""
    with _page(browser, server, images[0].id) as page:
        for count, image in enumerate(reversed(images[2::2]), start=1):
            page.evaluate(OPEN, image.id)
            page.wait_for_function(OPENED, arg=count)
        return _durations(page, "mw-open-painted")


def _steps(browser: Browser, server: Server, images: Sequence[ImageRecord]) -> list[float]:
    with _page(browser, server, images[0].id) as page:
        for count in range(1, len(images)):
            page.wait_for_timeout(PREFETCHED_MS)
            page.keyboard.press("d")
            page.wait_for_function(OPENED, arg=count)
        return _durations(page, "mw-open-painted")


def _drawing(browser: Browser, server: Server, image_id: int) -> Iterator[Figure]:
    with _page(browser, server, image_id) as page:
        page.wait_for_timeout(PREFETCHED_MS)
        page.keyboard.press("Escape")
        page.keyboard.press("b")
        page.mouse.move(*page.evaluate(PLACE, [0.2, 0.3]))
        page.mouse.down()
        for step in range(STROKE_MOVES):
            page.mouse.move(*page.evaluate(PLACE, [0.2 + 0.6 * step / STROKE_MOVES, 0.3 + 0.2 * (step % 20) / 20]))
        page.mouse.up()
        yield figure("brush, script of a move, 12 Mpx", _durations(page, "mw-brush"))


def _leafing(browser: Browser, server: Server, images: Sequence[ImageRecord]) -> Iterator[Figure]:
    context = browser.new_context(viewport=WINDOW)
    page = context.new_page()
    outside: list[str] = []
    page.on("request", lambda request: None if request.url.startswith(server.url) else outside.append(request.url))
    page.goto(f"{server.url}/?image={images[0].id}")
    page.wait_for_function(PAINTED)
    page.evaluate(KEEP)
    there_and_back = ["d"] * (len(images) - 1) + ["s"] * (len(images) - 1)
    for count in range(1, LEAFED + 1):
        page.keyboard.press(there_and_back[(count - 1) % len(there_and_back)])
        page.wait_for_function(OPENED, arg=count)
        page.wait_for_timeout(60)
    steps = _durations(page, "mw-open-painted")
    page.wait_for_timeout(PREFETCHED_MS)
    devtools = context.new_cdp_session(page)
    devtools.send("HeapProfiler.collectGarbage")
    heap = devtools.send("Runtime.getHeapUsage")["usedSize"] / MEGABYTE
    resident = _renderer_bytes(browser) / MEGABYTE
    context.close()
    yield figure(f"leafing through {LEAFED} images, each, 12 Mpx", steps)
    yield figure(f"JavaScript heap after {LEAFED} images, MB", [heap])
    yield figure(f"renderer's memory after {LEAFED} images, MB", [resident])
    yield figure("requests to other servers", [len(outside)])


def _renderer_bytes(browser: Browser) -> int:
    """The resident memory of the largest page process."""
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    return max(_resident_bytes(one["id"]) for one in processes if one["type"] == "renderer")


def _resident_bytes(pid: int) -> int:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) * 1024 if found else 0


def _tabs(browser: Browser, server: Server, images: Sequence[ImageRecord]) -> Iterator[Figure]:
    context = browser.new_context(viewport=WINDOW)
    tabs = [context.new_page() for _ in range(TABS)]
    saved = []
    for page, image in zip(tabs, images, strict=False):
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{server.url}/?image={image.id}", wait_until="commit")
        page.wait_for_function(PAINTED)
        page.evaluate(KEEP)
    for page in tabs:
        page.bring_to_front()
        annotate = AnnotatePage(page, server.url)
        annotate.press(".")
        annotate.press("x")
        saved += _durations(page, "mw-saved")
    context.close()
    yield figure(f"key → saved, {len(saved)} of {TABS} tabs open at once", saved)


def _wand(browser: Browser, folder: Path) -> Iterator[Figure]:
    """On a workspace with the model, whose embeddings the wand compares."""
    home = folder / "with-model"
    with open_workspace(home) as workspace:
        (image,) = large_photos(workspace, folder, SIZES["12 Mpx"], 1)
    with serving(home) as server, _page(browser, server, image.id) as page:
        page.wait_for_function(f"() => {ROOT}.state().proposing.state === 'ready'")
        page.keyboard.press("Escape")
        page.keyboard.press("w")
        for click in range(WAND_CLICKS + 1):
            page.mouse.click(*page.evaluate(PLACE, [0.15 + 0.08 * click, 0.4]))
            page.wait_for_timeout(400)
        found = _durations(page, "mw-wand")
        yield figure("wand, first click, 12 Mpx", found[:1])
        yield figure("wand, script of a click or move, 12 Mpx", found[1:])


def main() -> None:
    for name, median, p95 in measure():
        print(f"{name:<62}{median:>12.1f}{p95:>12.1f}", flush=True)


if __name__ == "__main__":
    main()
