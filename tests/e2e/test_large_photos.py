"""A photo larger than the screen: its small pictures are there first, all its pixels once one looks closely."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page

from app.workflows.ingest import PhotoFile, add_photos
from storage.categories import seed_label_set
from tests.e2e.annotate import ROOT, settled
from tests.made import LABELS
from tests.serving import serving
from tests.storage.new_workspaces import new_workspace
from tests.waiting import wait_for

pytestmark = pytest.mark.browser

SIZE = (2400, 1600)
LEVELS = "() => document.querySelector('.mw-root')?.maskwright?.state().photo?.levels.map(({ scale }) => scale)"
# Column and row of a square in sight at one to one, and its side.
NOISE = (1150, 750, 100)
# What the stage shows of a square of the photo, at one photo pixel a screen pixel.
SHOWN = f"""([x, y, side]) => {{
  const canvas = document.querySelector('.mw-stage canvas');
  const {{ left, top }} = {ROOT}.viewport();
  return [...canvas.getContext('2d').getImageData(left + x, top + y, side, side).data];
}}"""


@pytest.fixture
def large(tmp_path):
    """A server, its one photo, and that photo's pixels, with a square of noise, which no smaller picture can show."""
    pixels = np.zeros((SIZE[1], SIZE[0], 3), dtype=np.uint8)
    x, y, side = NOISE
    pixels[y : y + side, x : x + side] = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    out = BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    path = tmp_path / "large.png"
    path.write_bytes(out.getvalue())
    home = tmp_path / "workspace"
    with new_workspace(home) as workspace:
        (image,) = add_photos(workspace, [PhotoFile(path, path.name)]).added
        with workspace.database.write() as session:
            seed_label_set(session, LABELS)
    with serving(home, "--no-model") as server:
        yield server, image, pixels


def test_a_large_photo_opens_small_and_is_exact_at_one_to_one(page: Page, large):
    server, image, pixels = large
    photos = []
    page.on("request", lambda request: photos.append(request.url) if "/photo?" in request.url else None)
    page.goto(f"{server.url}/?image={image.id}")
    page.wait_for_function(f"{LEVELS}?.length === 1")
    page.wait_for_timeout(600)
    assert page.evaluate(LEVELS) == [1280 / SIZE[0]]
    assert photos == []

    page.keyboard.press("Control+1")
    page.wait_for_function(f"{LEVELS}.length === 2")
    settled(page)
    x, y, side = NOISE
    shown = np.array(page.evaluate(SHOWN, [x, y, side]), dtype=np.uint8).reshape(side, side, 4)
    assert np.array_equal(shown[:, :, :3], pixels[y : y + side, x : x + side])
    assert len(photos) == 1


def test_its_pictures_are_made_before_anybody_opens_it(large):
    server, image, _ = large
    folder = server.workspace / "previews" / image.display_sha256[:2]
    places = [folder / f"{image.display_sha256}-{side_px}.jpg" for side_px in (256, 1920)]
    wait_for(lambda: all(place.is_file() for place in places))
