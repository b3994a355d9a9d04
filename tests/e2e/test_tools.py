"""Drawing by hand in a real browser: the stored truth is compared pixel for pixel with numpy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from tests.e2e.annotate import PLACE, ROOT, AnnotatePage
from tests.made import sample_workspace
from tests.serving import serving

pytestmark = pytest.mark.browser

# Every press and move of a pointer as the page got it, in the photo's own coordinates.
LISTEN = f"""async () => {{
  const {{ fitted }} = await import('/ui/js/stage/viewport.mjs');
  const stage = document.querySelector('.mw-stage');
  window.drawn = [];
  const note = (event) => {{
    if (event.buttons === 0) return;
    const box = stage.getBoundingClientRect();
    const view = fitted({ROOT}.state().image, {{ width: box.width, height: box.height }});
    const [x, y] = [event.clientX - box.left - view.left, event.clientY - box.top - view.top];
    window.drawn.push([x / view.scale, y / view.scale]);
  }};
  for (const name of ['pointerdown', 'pointermove']) stage.addEventListener(name, note, {{ capture: true }});
}}"""

# Whether the layer of unfinished work has anything at a place of the window.
DRAWN_AT = """([x, y]) => {
  const canvas = [...document.querySelectorAll('.mw-layer')].at(-1);
  const box = canvas.getBoundingClientRect();
  const ratio = canvas.width / box.width;
  return canvas.getContext('2d').getImageData((x - box.left) * ratio, (y - box.top) * ratio, 1, 1).data[3] > 0;
}"""

Pixels = npt.NDArray[np.bool_]
Place = tuple[float, float]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    workspace, _ = sample_workspace(tmp_path_factory.mktemp("tools") / "workspace")
    workspace.close()
    with serving(workspace.folder, "--no-model") as running:
        yield running


class Hand:
    """A hand that draws on the open photo; places are shares of its width and height."""

    def __init__(self, annotate: AnnotatePage) -> None:
        self.annotate = annotate
        self.page = annotate.page
        image = annotate.image()
        self.size = (image["height"], image["width"])
        self.page.evaluate(LISTEN)

    def press(self, keys: str) -> None:
        self.annotate.press(keys)

    def on_screen(self, place: Place) -> list[float]:
        """The middle of the pixel there, in the window."""
        height, width = self.size
        column, row = int(place[0] * width), int(place[1] * height)
        at: list[float] = self.page.evaluate(PLACE, [column, row])
        return at

    def drag(self, *places: Place) -> list[list[float]]:
        """Drag through places with the mouse; the points that the page got."""
        self.page.evaluate("window.drawn = []")
        first, *rest = [self.on_screen(place) for place in places]
        self.page.mouse.move(*first)
        self.page.mouse.down()
        for at in rest:
            self.page.mouse.move(*at)
        self.page.mouse.up()
        self.saved()
        points: list[list[float]] = self.page.evaluate("window.drawn")
        return points

    def click(self, *places: Place) -> list[list[float]]:
        """Click places with the mouse; the points that the page got."""
        self.page.evaluate("window.drawn = []")
        for place in places:
            self.page.mouse.click(*self.on_screen(place))
        points: list[list[float]] = self.page.evaluate("window.drawn")
        return points

    def saved(self) -> None:
        self.page.wait_for_function(f"() => {ROOT}.state().pending.length === 0")

    @property
    def message(self) -> str:
        return str(self.annotate.state("message.text"))

    def mask(self) -> Pixels:
        """The stored mask of the one selected segment."""
        (key,) = self.annotate.state("selection")
        (segment,) = [s for s in self.annotate.image()["segments"] if f"s{s['id']}" == key]
        return self.annotate.array(segment)


def centres(size: tuple[int, int]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    height, width = size
    return np.arange(width)[None, :] + 0.5, np.arange(height)[:, None] + 0.5


def stroke(points: list[list[float]], diameter: float, size: tuple[int, int]) -> Pixels:
    """The pixels whose centres lie at most half a diameter from the way through the points."""
    x, y = centres(size)
    covered = np.zeros(size, bool)
    for (ax, ay), (bx, by) in zip(points, points[1:] or points, strict=False):
        dx, dy = bx - ax, by - ay
        along = ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy or 1)
        along = np.clip(along, 0, 1)
        covered |= (ax + along * dx - x) ** 2 + (ay + along * dy - y) ** 2 <= (diameter / 2) ** 2
    return covered


def polygon(corners: list[list[float]], size: tuple[int, int]) -> Pixels:
    """The pixels whose centres have an odd number of sides above them; corners are snapped to the pixels' corners."""
    x, y = centres(size)
    ring = np.floor(np.array(corners) + 0.5)
    inside = np.zeros(size, bool)
    for (ax, ay), (bx, by) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        if ax != bx:
            inside ^= ((ax <= x) != (bx <= x)) & (ay + (x - ax) * (by - ay) / (bx - ax) <= y)
    return inside


@pytest.fixture
def annotate(server, page):
    return AnnotatePage(page, server.url)


def test_brush_eraser_and_polygon_store_what_was_drawn(annotate, page):
    annotate.open(1)
    hand = Hand(annotate)
    hand.press("Escape")
    hand.press("b")
    size = annotate.state("brushSize")
    line = hand.drag((0.2, 0.2), (0.5, 0.3), (0.45, 0.6))
    drawn = stroke(line, size, hand.size)
    assert np.array_equal(hand.mask(), drawn)
    assert "label’s key" in hand.message
    (segment,) = annotate.image()["segments"]
    assert (segment["source"], segment["category_id"]) == ("drawn", None)

    page.keyboard.down("Shift")
    page.mouse.wheel(0, -100)
    page.keyboard.up("Shift")
    assert annotate.state("brushSize") > size
    size = annotate.state("brushSize")
    hand.press("]")
    more = stroke(hand.drag((0.6, 0.2), (0.7, 0.2)), annotate.state("brushSize"), hand.size)
    assert annotate.state("brushSize") > size
    assert np.array_equal(hand.mask(), drawn | more)
    page.keyboard.down("Shift")
    start = [line_end(page)]
    straight = hand.click((0.8, 0.8))
    page.keyboard.up("Shift")
    hand.saved()
    ruled = stroke([*start, *straight], annotate.state("brushSize"), hand.size)
    assert np.array_equal(hand.mask(), drawn | more | ruled)
    hand.press("Control+z")
    assert np.array_equal(hand.mask(), drawn | more)

    hand.press("e")
    taken = stroke(hand.drag((0.3, 0.1), (0.3, 0.5)), annotate.state("brushSize"), hand.size)
    left = (drawn | more) & ~taken
    assert np.array_equal(hand.mask(), left)

    hand.press("p")
    page.keyboard.down("Alt")
    corners = hand.click((0.4, 0.2), (0.6, 0.22), (0.55, 0.5), (0.1, 0.1))
    page.keyboard.up("Alt")
    page.keyboard.press("Backspace")
    hand.press("Enter")
    left &= ~polygon(corners[:3], hand.size)
    assert np.array_equal(hand.mask(), left)

    hand.press("Shift+N")
    corners = hand.click((0.6, 0.5), (0.9, 0.55), (0.7, 0.9), (0.95, 0.7))
    page.keyboard.press("v")
    page.keyboard.press("+")
    page.keyboard.press("Control+0")
    hand.click((0.6, 0.5))
    hand.saved()
    assert np.array_equal(hand.mask(), polygon(corners, hand.size))
    assert len(annotate.image()["segments"]) == 2
    assert [s["category_id"] for s in annotate.image()["segments"]] == [None, None]
    hand.press("1")
    assert annotate.image()["segments"][1]["category_id"] == 1
    on_top = annotate.view_map("panoptic")[polygon(corners, hand.size)]
    assert set(np.unique(on_top)) == {annotate.image()["segments"][1]["id"]}
    assert annotate.state("selection") == [], "the next stroke would change a region that is labelled and finished"


def line_end(page) -> list[float]:
    end: list[float] = page.evaluate("window.drawn.at(-1)")
    return end


def test_a_stroke_shows_while_it_is_drawn_and_escape_gives_it_up(annotate, page):
    annotate.open(2)
    hand = Hand(annotate)
    before = annotate.image()
    hand.press("Escape")
    stage = page.locator(".mw-stage").bounding_box()
    hand.press("b")
    options = page.locator(".mw-tool-options").bounding_box()
    assert page.locator(".mw-stage").bounding_box() == stage, "the photo stays where it is when a tool is taken"
    assert options["y"] + options["height"] <= stage["y"], "what is over the photo would take presses from it"
    (start, middle, end) = (hand.on_screen(place) for place in ((0.2, 0.2), (0.4, 0.2), (0.6, 0.2)))
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end)
    page.wait_for_function(DRAWN_AT, arg=middle)
    page.keyboard.press("Escape")
    page.wait_for_function(f"(at) => !({DRAWN_AT})(at)", arg=middle)
    page.mouse.up()
    assert annotate.state("tool") == "brush"
    hand.saved()
    assert annotate.image() == before


def test_a_proposal_that_is_painted_on_is_accepted_with_the_change(annotate):
    annotate.open(2)
    hand = Hand(annotate)
    best = annotate.shown_proposals()[0]
    assert annotate.state("selection") == [f"p{best['id']}"]
    before = annotate.array(best)
    hand.press(".")
    while annotate.state("selection") != [f"p{best['id']}"]:
        hand.press(".")
    hand.press("b")
    (height, width), (column, row) = hand.size, annotate.own_pixel(best)
    line = hand.drag((column / width, row / height), (0.3, 0.15))
    stroked = stroke(line, annotate.state("brushSize"), hand.size)
    assert np.array_equal(hand.mask(), before | stroked)
    (segment,) = annotate.image()["segments"]
    assert segment["proposals"] == [best["id"]]
    hand.press("Control+z")
    assert annotate.image()["segments"] == []


def test_box_and_slice_by_the_keyboard_alone(annotate, page):
    annotate.open(3)
    hand = Hand(annotate)
    hand.press("Escape")
    hand.press("r")
    for _ in range(3):
        page.keyboard.press("Alt+ArrowLeft")
    column, row = annotate.state("crosshair")
    page.keyboard.press("Enter")
    for _ in range(4):
        page.keyboard.press("Alt+Shift+ArrowRight")
    for _ in range(5):
        page.keyboard.press("Alt+Shift+ArrowDown")
    page.keyboard.press("Alt+ArrowUp")
    hand.press("Enter")
    box = np.zeros(hand.size, bool)
    box[row : row + 80, column : column + 65] = True
    assert np.array_equal(hand.mask(), box)

    page.keyboard.press("Alt+j")
    for _ in range(2):
        page.keyboard.press("Alt+Shift+ArrowLeft")
    page.keyboard.press("Enter")
    for _ in range(5):
        page.keyboard.press("Alt+Shift+ArrowUp")
    page.keyboard.press("Enter")
    hand.press("Enter")
    cut = np.zeros(hand.size, bool)
    cut[row : row + 80, column + 33 : column + 65] = True
    assert np.array_equal(hand.mask(), cut)
    parts = [annotate.array(segment) for segment in annotate.image()["segments"]]
    assert [int(part.sum()) for part in parts] == [80 * 33, 80 * 32]
    assert np.array_equal(parts[0] ^ parts[1], box)

    hand.press("Escape")
    height, width = hand.size
    hand.drag(((column - 5) / width, (row - 5) / height), ((column + 70) / width, (row + 85) / height))
    keys = [f"s{segment['id']}" for segment in annotate.image()["segments"]]
    assert set(keys) <= set(annotate.state("selection"))


def test_copies_on_the_next_photo_lie_where_they_lay(annotate, page):
    annotate.open(1)
    hand = Hand(annotate)
    hand.press("Escape")
    hand.press("r")
    hand.drag((0.25, 0.1), (0.6, 0.7))
    hand.press("1")
    segment = annotate.image()["segments"][-1]
    hand.press("q")
    annotate.click_mask(segment)
    source = annotate.array(segment)
    page.keyboard.press("Shift+D")
    page.wait_for_function(f"() => {ROOT}.state().image.id !== 1 && {ROOT}.state().selection.length === 1")
    hand.saved()
    (copied,) = [s for s in annotate.image()["segments"] if f"s{s['id']}" in annotate.state("selection")]
    copy = annotate.array(copied)
    rows = (2 * np.arange(copy.shape[0]) + 1) * source.shape[0] // (2 * copy.shape[0])
    columns = (2 * np.arange(copy.shape[1]) + 1) * source.shape[1] // (2 * copy.shape[1])
    assert np.array_equal(copy, source[rows][:, columns])
    assert copied["category_id"] == 1
    assert "scaled from" in hand.message


def test_a_finger_and_a_pen_draw_and_two_fingers_zoom(annotate, page):
    annotate.open(4)
    hand = Hand(annotate)
    hand.press("Escape")
    hand.press("b")
    size = annotate.state("brushSize")
    cdp = page.context.new_cdp_session(page)

    def touch(kind: str, *places: Place) -> None:
        points = [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(map(hand.on_screen, places))]
        cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def pen(kind: str, place: Place, force: float) -> None:
        x, y = hand.on_screen(place)
        event = {"type": kind, "x": x, "y": y, "button": "left", "buttons": 1, "force": force, "pointerType": "pen"}
        cdp.send("Input.dispatchMouseEvent", {**event, "clickCount": 1})

    touch("touchStart", (0.2, 0.2))
    touch("touchMove", (0.3, 0.25))
    touch("touchMove", (0.4, 0.2))
    touch("touchEnd")
    hand.saved()
    finger = stroke(page.evaluate("window.drawn"), size, hand.size)
    assert np.array_equal(hand.mask(), finger)

    page.evaluate("window.drawn = []")
    pen("mousePressed", (0.6, 0.6), 0.5)
    pen("mouseMoved", (0.7, 0.6), 0.5)
    pen("mouseReleased", (0.7, 0.6), 0.5)
    hand.saved()
    light = stroke(page.evaluate("window.drawn"), size * 0.6, hand.size)
    assert np.array_equal(hand.mask(), finger | light)

    assert page.get_by_role("button", name="The pen’s pressure sets the width").is_visible()
    before = hand.mask()
    touch("touchStart", (0.4, 0.4), (0.6, 0.6))
    touch("touchMove", (0.3, 0.3), (0.7, 0.7))
    touch("touchEnd")
    hand.saved()
    assert np.array_equal(hand.mask(), before)
