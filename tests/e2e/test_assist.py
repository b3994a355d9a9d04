"""Wand, scissors, GrabCut and suggestions in a real browser; the stored truth is compared with Python's own."""

from __future__ import annotations

import base64
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from core.annotation.mask import Mask
from core.formats.polygons import fill
from core.inference.wand import wand_mask
from tests.e2e.annotate import PLACE, ROOT, SAVED, AnnotatePage
from tests.serving import serving

pytestmark = pytest.mark.browser

Pixels = npt.NDArray[np.bool_]
Pixel = tuple[float, float]

SUGGESTED = f"() => {ROOT}.state().suggestions?.counts === {ROOT}.state().image.segments.at(-1)?.counts"
IDLE = f"({SAVED.removeprefix('() => ')}) && {ROOT}.state().image.revision"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The default model; the first sample photo shows a bus."""
    with serving(tmp_path_factory.mktemp("assist") / "workspace") as running:
        yield running


class Helped:
    """A person with the mouse, and the server's own answers to compare with."""

    def __init__(self, annotate: AnnotatePage) -> None:
        self.annotate, self.page = annotate, annotate.page
        annotate.open()
        image = annotate.image()
        self.id, self.size = image["id"], (image["height"], image["width"])
        self.page.keyboard.press("Escape")

    def ask(self, what: str, **body: Any) -> Any:
        answer = self.page.request.post(f"{self.annotate.url}/api/v1/images/{self.id}/assist/{what}", data=body)
        assert answer.ok, answer.text()
        return answer.json()

    def wand(self, pixel: Pixel, more: int = 0) -> Pixels:
        found = self.ask("wand", x=pixel[0], y=pixel[1])
        distances = np.frombuffer(base64.b64decode(found["distances"]), np.uint8)
        shaped = distances.reshape(found["height"], found["width"])
        return wand_mask(shaped, self.size, pixel, found["tolerance"] + more).to_array()

    def on_screen(self, pixel: Pixel) -> tuple[float, float]:
        x, y = self.page.evaluate(PLACE, list(pixel))
        return x, y

    def click(self, pixel: Pixel, key: str | None = None) -> None:
        """Click, perhaps with a key held."""
        if key:
            self.page.keyboard.down(key)
        self.page.mouse.click(*self.on_screen(pixel))
        if key:
            self.page.keyboard.up(key)

    def wait_saved(self, revision: int) -> None:
        """Until the server has taken this many corrections."""
        self.page.wait_for_function(f"() => ({IDLE}) >= {revision}")

    def newest(self) -> tuple[dict[str, Any], Pixels]:
        """The segment that the server made last, and its pixels."""
        segment = max(self.annotate.image()["segments"], key=lambda one: one["id"])
        return segment, self.annotate.array(segment)


@pytest.fixture
def helped(server, page):
    return Helped(AnnotatePage(page, server.url))


def test_one_click_finds_the_bus_the_model_names_it_and_colours_refine_it(helped):
    bus, road = (192, 213), (512, 340)
    page = helped.page
    before = helped.annotate.image()["revision"]
    page.keyboard.press("w")
    helped.click(bus)
    helped.wait_saved(before + 1)
    segment, pixels = helped.newest()
    found = helped.wand(bus)
    assert np.array_equal(pixels, found)
    assert segment["category_id"] is None
    page.wait_for_function(SUGGESTED)

    helped.click(road, "Shift")
    helped.wait_saved(before + 2)
    both = found | helped.wand(road)
    assert np.array_equal(helped.newest()[1], both)
    helped.click(road, "Alt")
    helped.wait_saved(before + 3)
    assert np.array_equal(helped.newest()[1], both & ~helped.wand(road))

    _, rough = helped.newest()
    page.keyboard.press("g")
    helped.wait_saved(before + 4)
    refined = helped.ask("cut", mask=Mask.from_array(rough).to_coco())
    assert helped.newest()[0]["counts"] == refined["counts"] != Mask.from_array(rough).counts

    page.wait_for_function(SUGGESTED)
    page.keyboard.press("u")
    helped.wait_saved(before + 5)
    names = {one["id"]: one["name"] for one in helped.annotate.state("workspace.categories")}
    assert names[helped.newest()[0]["category_id"]] == "bus"


def test_a_drag_sets_the_tolerance_and_the_size_keys_change_it_after(helped):
    sky = (320, 60)
    page = helped.page
    before = helped.annotate.image()["revision"]
    page.keyboard.press("w")
    x, y = helped.on_screen(sky)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 23, y, steps=4)
    page.mouse.up()
    helped.wait_saved(before + 1)
    assert np.array_equal(helped.newest()[1], helped.wand(sky, -10))
    page.keyboard.press("]")
    page.keyboard.press("]")
    helped.wait_saved(before + 3)
    assert np.array_equal(helped.newest()[1], helped.wand(sky, 6))


def test_scissors_follow_edges_and_a_straight_line_closes(helped):
    page = helped.page
    before = helped.annotate.image()["revision"]
    clicks = [(147, 158), (352, 141), (371, 235), (160, 235)]
    page.keyboard.press("n")
    for x, y in clicks:
        helped.click((x - 0.5, y - 0.5))
    helped.click((clicks[0][0] - 0.5, clicks[0][1] - 0.5), "Shift")
    helped.wait_saved(before + 1)
    lines = [helped.ask("path", start=start, end=end)["corners"][1:] for start, end in pairwise(clicks)]
    outline = np.array([corner for line in lines for corner in line] + [clicks[0]])
    assert np.array_equal(helped.newest()[1], fill([outline], *helped.size).to_array())


def test_a_box_becomes_the_thing_in_it(helped):
    page = helped.page
    before = helped.annotate.image()["revision"]
    page.keyboard.press("Shift+G")
    page.mouse.move(*helped.on_screen((130, 130)))
    page.mouse.down()
    page.mouse.move(*helped.on_screen((399, 299)), steps=3)
    page.mouse.up()
    helped.wait_saved(before + 1)
    cut = helped.ask("cut", box=[130, 130, 270, 170])
    assert helped.newest()[0]["counts"] == cut["counts"]


def test_the_keyboard_alone_points_the_wand(helped):
    page = helped.page
    before = helped.annotate.image()["revision"]
    page.keyboard.press("w")
    page.keyboard.press("Alt+ArrowRight")
    page.keyboard.press("Alt+Shift+ArrowDown")
    x, y = helped.annotate.state("crosshair")
    page.keyboard.press("Enter")
    helped.wait_saved(before + 1)
    assert np.array_equal(helped.newest()[1], helped.wand((x, y)))


def test_help_that_takes_long_says_so_and_its_button_gives_it_up(helped):
    page = helped.page
    before = helped.annotate.image()["revision"]
    given_up = []
    page.on("requestfailed", lambda request: given_up.append(request.url.rsplit("/", 1)[-1]))
    page.route("**/assist/wand", lambda route: None)
    stop = page.get_by_role("button", name="Give up what is under way")
    assert stop.is_hidden()
    page.keyboard.press("w")
    helped.click((192, 213))
    stop.wait_for()
    assert "Looking at the photo" in page.locator(".mw-message").text_content()
    stop.click()
    stop.wait_for(state="hidden")
    page.wait_for_function(f"() => {ROOT}.state().message.text === 'Given up; nothing was changed.'")
    # Getting ready for a click ends with the click, where it is still going on.
    assert [name for name in given_up if name != "warm"] == ["wand"]
    assert helped.annotate.image()["revision"] == before
