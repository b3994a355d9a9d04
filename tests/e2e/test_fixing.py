"""Mending masks, the check and unlabelled regions in a real browser: the stored truth is compared with scipy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import ndimage

from core.annotation.mask import Mask
from tests.e2e.annotate import ROOT, SAVED, AnnotatePage
from tests.made import sample_workspace
from tests.serving import serving

pytestmark = pytest.mark.browser

Pixels = npt.NDArray[np.bool_]
ALL_AROUND = np.ones((3, 3), bool)
FOUND = f"() => {ROOT}.state().findings !== null && {ROOT}.state().findings.image === {ROOT}.state().image"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    workspace, _ = sample_workspace(tmp_path_factory.mktemp("fixing") / "workspace")
    workspace.close()
    with serving(workspace.folder, "--no-model") as running:
        yield running


@pytest.fixture
def bench(server, page):
    annotate = AnnotatePage(page, server.url)
    annotate.open()
    return Bench(annotate)


class Bench:
    """An open photo whose truth is as a test wants it."""

    def __init__(self, annotate: AnnotatePage) -> None:
        self.annotate = annotate
        self.page = annotate.page
        self.image = annotate.image()
        self.height, self.width = self.image["height"], self.image["width"]
        categories = self.page.request.get(f"{annotate.url}/api/v1/workspace").json()["categories"]
        self.things = [category["id"] for category in categories if category["is_thing"]]
        (self.road,) = [category["id"] for category in categories if category["name"] == "road"]
        self.sent = 0

    def area(self, left: float, top: float, right: float, bottom: float) -> Pixels:
        """The pixels of a box given in shares of the photo."""
        pixels = np.zeros((self.height, self.width), bool)
        rows, columns = np.array([top, bottom]) * self.height, np.array([left, right]) * self.width
        pixels[int(rows[0]) : int(rows[1]), int(columns[0]) : int(columns[1])] = True
        return pixels

    def truth(self, *segments: tuple[Pixels, int | None]) -> None:
        """Replace the photo's segments by these, from the bottom to the top, and load the page again."""
        old = [segment["id"] for segment in self.annotate.image()["segments"]]
        if old:
            self.correct(operation="delete", segments=old)
        for pixels, category_id in segments:
            self.correct(operation="draw", mask=Mask.from_array(pixels).to_coco(), category_id=category_id)
        self.annotate.open(self.image["id"])
        self.page.keyboard.press("Escape")

    def correct(self, **body: Any) -> None:
        self.sent += 1
        image = self.annotate.image()
        answer = self.page.request.post(
            f"{self.annotate.url}/api/v1/images/{image['id']}/corrections",
            data={
                "workspace": self.annotate.state("workspace.id"),
                "client": f"test_fixing at {image['revision']}",
                "seq": self.sent,
                "base_revision": image["revision"],
                **body,
            },
        )
        assert answer.ok, answer.text()

    def stored(self) -> list[Pixels]:
        return [self.annotate.array(segment) for segment in self.annotate.image()["segments"]]

    def select(self, place: int) -> None:
        """Select the n-th segment from the bottom."""
        segment = self.annotate.image()["segments"][place]
        self.annotate.click_mask(segment)
        assert self.annotate.state("selection") == [f"s{segment['id']}"]

    def message(self) -> str:
        return str(self.annotate.state("message.text"))


def parts(pixels: Pixels, structure: Pixels | None = None) -> list[Pixels]:
    """Connected parts, largest first."""
    labels, count = ndimage.label(pixels, structure)
    return sorted((labels == label for label in range(1, count + 1)), key=lambda part: -part.sum())


def same(stored: list[Pixels], expected: list[Pixels]) -> bool:
    return len(stored) == len(expected) and all(map(np.array_equal, stored, expected))


def test_split_fill_and_drop_change_exactly_the_pixels_they_say(bench):
    two = bench.area(0.1, 0.1, 0.4, 0.5) | bench.area(0.6, 0.2, 0.75, 0.5)
    rough = two & ~bench.area(0.2, 0.2, 0.24, 0.26)
    rough[5:8, 5:8] = True
    bench.truth((rough, bench.things[0]))

    bench.select(0)
    bench.annotate.press("Shift+K")
    assert same(bench.stored(), [two & ~bench.area(0.2, 0.2, 0.24, 0.26)])
    assert "dropped one island, 9 pixels" in bench.message()

    bench.annotate.press("k")
    assert same(bench.stored(), [ndimage.binary_fill_holes(two)])
    assert "filled one hole" in bench.message()

    bench.annotate.press("Shift+J")
    assert same(bench.stored(), parts(two, ALL_AROUND))
    first, second = bench.annotate.image()["segments"]
    assert bench.annotate.state("selection") == [f"s{first['id']}", f"s{second['id']}"]
    assert {first["category_id"], second["category_id"]} == {bench.things[0]}

    for _ in range(3):
        bench.annotate.press("Control+z")
    assert same(bench.stored(), [rough])


def test_the_check_is_walked_and_fixed_by_keys(bench):
    page = bench.page
    road = bench.area(0, 0, 1, 1)
    road[bench.height // 2, 3:6] = False
    lower, upper = bench.area(0.2, 0.2, 0.5, 0.6), bench.area(0.4, 0.3, 0.7, 0.7)
    bench.truth((road, bench.road), (lower, bench.things[0]), (upper, bench.things[1]))
    page.wait_for_function(FOUND)
    page.keyboard.press("c")
    panel = page.get_by_role("tabpanel", name="Check")
    assert panel.get_by_role("listitem").count() == 2

    page.keyboard.press(";")
    assert "1 of 2" in bench.message()
    assert bench.annotate.state("problem").startswith("overlap")
    bench.annotate.press("'")
    assert same(bench.stored(), [road, lower & ~upper, upper])

    page.wait_for_function(FOUND)
    assert panel.get_by_role("listitem").count() == 1
    panel.get_by_role("button", name="Holes road").click()
    assert bench.annotate.state("selection") == [f"s{bench.annotate.image()['segments'][0]['id']}"]
    panel.get_by_role("button", name="Fix holes: road").click()
    page.wait_for_function(SAVED)
    assert same(bench.stored(), [ndimage.binary_fill_holes(road), lower & ~upper, upper])

    page.wait_for_function(FOUND)
    assert panel.get_by_text("nothing unlabelled").is_visible()
    assert panel.get_by_text("Nothing to fix was found").is_visible()


def test_the_largest_unlabelled_region_is_found_and_filled_from_the_best_proposal(bench):
    page, annotate = bench.page, bench.annotate
    offered = annotate.array(max(annotate.image()["proposals"], key=lambda proposal: proposal["area"]))
    rows, columns = np.nonzero(offered)
    covered = np.ones_like(offered)
    covered[max(rows.min() - 3, 0) : rows.max() + 4, max(columns.min() - 3, 0) : columns.max() + 4] = False
    bench.truth((covered, bench.road))
    page.wait_for_function(FOUND)
    share = 1 - covered.mean()
    assert annotate.state("findings.unlabelled.share") == pytest.approx(share)

    page.keyboard.press("f")
    largest = parts(~covered)[0]
    rows, columns = np.nonzero(largest)
    assert annotate.state("marked.bbox") == [
        columns.min(),
        rows.min(),
        columns.max() - columns.min() + 1,
        rows.max() - rows.min() + 1,
    ]

    proposals = {proposal["id"]: proposal for proposal in annotate.image()["proposals"]}
    annotate.press("Shift+F")
    made = annotate.image()["segments"][-1]
    (used,) = made["proposals"]
    mask, offered = annotate.array(made), annotate.array(proposals[used])
    assert not (mask & covered).any()
    assert np.array_equal(mask & largest, offered & largest)
    iou = {number: _iou(annotate.array(one), largest) for number, one in proposals.items()}
    assert iou[used] == max(iou.values())
    assert made["category_id"] == proposals[used]["category_id"]
    assert annotate.image()["proposals"][[*proposals].index(used)]["decision"] == "accepted"

    annotate.press("Control+z")
    assert same(bench.stored(), [covered])


def _iou(one: Pixels, other: Pixels) -> float:
    return float((one & other).sum() / (one | other).sum())
