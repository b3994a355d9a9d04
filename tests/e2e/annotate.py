"""The Annotate page as a person handles it: points, keys, and what they see."""

from __future__ import annotations

import base64
import time
from typing import Any

import numpy as np
import numpy.typing as npt
from playwright.sync_api import Page

from core.annotation.mask import Mask

ROOT = "document.querySelector('.mw-root').maskwright"
READY = """() => {
  const page = document.querySelector('.mw-root')?.maskwright;
  const state = page?.state();
  const proposed = ['ready', 'off'].includes(state?.proposing.state) && state.image?.proposals.length > 0;
  return proposed && state.photo;
}"""
SHOWN = f"() => document.querySelector('.mw-root')?.maskwright && {ROOT}.state().image && {ROOT}.state().photo"
SAVED = f"() => {ROOT}.state().saving.pending === 0 && {ROOT}.state().pending.length === 0"
VIEW_MAP = f"""(view) => {{
  const map = {ROOT}.viewMap(view);
  const bytes = new Uint8Array(map.data.buffer, map.data.byteOffset, map.data.byteLength);
  let text = '';
  for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return {{ width: map.width, height: map.height, data: btoa(text) }};
}}"""
PLACE = f"""async ([x, y]) => {{
  const {{ fitted }} = await import('/ui/js/stage/viewport.mjs');
  const box = document.querySelector('.mw-stage').getBoundingClientRect();
  const image = {ROOT}.state().image;
  const view = fitted(image, {{ width: box.width, height: box.height }});
  return [box.left + view.left + (x + 0.5) * view.scale, box.top + view.top + (y + 0.5) * view.scale];
}}"""

FRAMES = """(count) => new Promise((resolve) => {
  const frame = () => (count-- > 0 ? requestAnimationFrame(frame) : resolve());
  frame();
})"""


def wait_until(page: Page, script: str, arg: Any = None) -> None:
    """Wait until an async function answers true, which Playwright's own waiting would take from its promise alone."""
    until = time.monotonic() + 60
    while not page.evaluate(script, arg):
        assert time.monotonic() < until, f"not so within a minute: {script}"
        page.wait_for_timeout(50)


def go_offline(page: Page) -> None:
    """Take the connection away; Chromium says that it has before the next request finds it so."""
    page.context.set_offline(True)
    wait_until(page, "() => fetch('/api/v1/workspace').then(() => false, () => true)")


def settled(page: Page) -> None:
    """Some frames later: what moved is painted again, sharp."""
    page.evaluate(FRAMES, 10)


class AnnotatePage:
    """Drives the page; `image()` is what it knows, `view_map` what it shows."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    def open(self, image_id: int | None = None) -> None:
        self.page.goto(self.url if image_id is None else f"{self.url}/?image={image_id}")
        self.page.wait_for_function(READY)

    def state(self, name: str) -> Any:
        return self.page.evaluate(f"{ROOT}.state().{name}")

    def image(self) -> dict[str, Any]:
        """The image as the server stores it."""
        answer = self.page.request.get(f"{self.url}/api/v1/images/{self.state('image.id')}")
        image = answer.json()
        assert isinstance(image, dict)
        return image

    def press(self, keys: str) -> None:
        """Press keys and wait until what they did is saved."""
        self.page.keyboard.press(keys)
        self.page.wait_for_function(SAVED)

    def click_mask(self, item: dict[str, Any], *, shift: bool = False) -> None:
        """Click on a pixel where this mask is the smallest in sight; fails when it has none."""
        column, row = self.own_pixel(item)
        x, y = self.page.evaluate(PLACE, [column, row])
        if shift:
            self.page.keyboard.down("Shift")
        self.page.mouse.click(x, y)
        if shift:
            self.page.keyboard.up("Shift")

    def own_pixel(self, item: dict[str, Any]) -> tuple[int, int]:
        """(column, row) deep inside the part of the mask that no smaller mask in sight covers."""
        image = self.image()
        size = image["height"], image["width"]
        own = Mask(*size, item["counts"]).to_array()
        for other in [*image["segments"], *self.shown_proposals()]:
            if other["counts"] != item["counts"] and other["area"] <= item["area"]:
                own &= ~Mask(*size, other["counts"]).to_array()
        for _ in range(2):
            core = own[1:-1, 1:-1] & own[:-2, 1:-1] & own[2:, 1:-1] & own[1:-1, :-2] & own[1:-1, 2:]
            if core.any():
                own = np.pad(core, 1)
        rows, columns = np.nonzero(own)
        assert rows.size, "other masks cover this one whole"
        return int(columns[rows.size // 2]), int(rows[rows.size // 2])

    def shown_proposals(self) -> list[dict[str, Any]]:
        threshold = self.state("threshold")
        return [p for p in self.image()["proposals"] if p["decision"] == "undecided" and p["score"] >= threshold]

    def array(self, item: dict[str, Any]) -> npt.NDArray[np.bool_]:
        """The pixels of a mask of the open image, bool [H, W]."""
        height, width = self.page.evaluate(f"[{ROOT}.state().image.height, {ROOT}.state().image.width]")
        return Mask(height, width, item["counts"]).to_array()

    def view_map(self, view: str) -> npt.NDArray[np.int32]:
        """The page's own map of a view, int32 [H, W]."""
        shown = self.page.evaluate(VIEW_MAP, view)
        data = np.frombuffer(base64.b64decode(shown["data"]), dtype="<i4")
        return data.reshape(shown["height"], shown["width"])
