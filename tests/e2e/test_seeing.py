"""What the canvas shows: each view pixel for pixel, at any zoom, and the ways to see less or more of it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from app.workflows.ingest import add_photos, sample_photos
from storage.categories import seed_label_set
from storage.proposals import save_proposals
from tests.e2e.annotate import ROOT, SAVED, AnnotatePage, settled
from tests.made import LABELS, MODEL_SHA256, random_proposals
from tests.serving import serving
from tests.storage.new_workspaces import new_workspace

pytestmark = pytest.mark.browser

# Compares the truth's canvas with the view's map: away from lines and names each pixel has a colour of its id.
WRONG_PIXELS = f"""async (view) => {{
  const [{{ palette }}, {{ slotIds, takesPart, topmost }}, {{ anchor }}] = await Promise.all(
    ['stage/colours', 'truth/views', 'masks/masks'].map((name) => import(`/ui/js/${{name}}.mjs`)));
  const page = {ROOT};
  const state = page.state();
  const {{ segments, width }} = state.image;
  const map = page.viewMap(view);
  const ids = slotIds(view, segments, state.categories);
  const colours = palette(view, segments, state.categories, state);
  const looks = new Map();
  ids.forEach((id, slot) => looks.set(id, [...(looks.get(id) ?? []), colours.base[slot], colours.hatch[slot]]));
  const {{ scale, left, top }} = page.viewport();
  const names = segments.map(({{ mask }}) => anchor(mask)).map(([x, y]) => [left + x * scale, top + y * scale]);
  const canvas = document.querySelectorAll('.mw-stage canvas')[1];
  const shown = new Uint32Array(
    canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer);
  const ratio = canvas.width / canvas.clientWidth;
  const on = (data) => (x, y) => {{
    const column = Math.floor(((x + 0.5) / ratio - left) / scale);
    const row = Math.floor(((y + 0.5) / ratio - top) / scale);
    const inside = column >= 0 && row >= 0 && column < width && row < map.height;
    return inside ? data[row * width + column] : null;
  }};
  const idAt = on(map.data);
  const slotAt = on(topmost(segments, () => true, width, map.height));
  const keep = takesPart(view, state.categories);
  const leftOut = [false, ...segments.map((segment) => !keep(segment))];
  // The border of what the view leaves out is no colour of the map.
  const onBorder = (x, y) => {{
    const slots = [[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]].map(([byX, byY]) => slotAt(x + byX, y + byY));
    return slots.some((slot) => slot !== null && slot !== slots[0]) && slots.some((slot) => leftOut[slot]);
  }};
  const near = (a, b) => [0, 8, 16, 24].every((shift) => Math.abs((a >>> shift & 255) - (b >>> shift & 255)) <= 4)
    || (a >>> 24 === 0 && b >>> 24 === 0);
  const counts = {{ looked: 0, wrong: 0, outside: 0, lines: 0, unlined: 0, borders: 0 }};
  for (let y = 0; y < canvas.height; y++) for (let x = 0; x < canvas.width; x++) {{
    const id = idAt(x, y);
    const pixel = shown[y * canvas.width + x];
    if (id === null) {{ counts.outside += pixel !== 0; continue; }}
    if (names.some(([nx, ny]) => Math.abs(nx - x / ratio) < 90 && Math.abs(ny - y / ratio) < 12)) continue;
    if (onBorder(x, y)) {{ counts.borders += looks.get(id).every((look) => !near(look, pixel)); continue; }}
    const fits = looks.get(id).some((look) => near(look, pixel));
    const others = [idAt(x + 1, y), idAt(x, y + 1)];
    if (others.every((other) => other === id || other === null)) {{ counts.looked += 1; counts.wrong += !fits; }}
    else {{ counts.lines += 1; counts.unlined += fits; }}
  }}
  return counts;
}}"""
LAYER = """(index) => {
  const canvas = document.querySelectorAll('.mw-stage canvas')[index];
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let hash = 0, painted = 0;
  for (let i = 0; i < data.length; i += 4) {
    hash = (Math.imul(hash, 31) + data[i] + 3 * data[i + 1] + 7 * data[i + 2] + 11 * data[i + 3]) | 0;
    painted += data[i + 3] > 0;
  }
  return { hash, painted };
}"""
OPENED = "() => document.querySelector('.mw-root')?.maskwright?.state().photo"
PHOTO, TRUTH, PROPOSALS, SELECTION = range(4)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A workspace with real photos and twenty proposals on the first, and its server's address."""
    home = tmp_path_factory.mktemp("seeing") / "workspace"
    workspace = new_workspace(home)
    with workspace.database.write() as session:
        seed_label_set(session, LABELS)
    image = add_photos(workspace, sample_photos()).added[0]
    with workspace.database.write() as session:
        offered = random_proposals(20, image.height, image.width, seed=4)
        save_proposals(session, image.id, MODEL_SHA256, "made", offered)
    workspace.close()
    with serving(home, "--no-model") as server:
        yield server.url, image.id


@pytest.fixture
def annotate(page: Page, place) -> AnnotatePage:
    """The first photo, open, with its confident proposals accepted: labelled, unlabelled and void parts."""
    url, image_id = place
    annotate = AnnotatePage(page, url)
    annotate.page.goto(f"{url}/?image={image_id}")
    page.wait_for_function(OPENED)
    if annotate.shown_proposals():
        annotate.press("Shift+A")
    page.keyboard.press("Escape")
    settled(page)
    return annotate


def layer(page: Page, index: int) -> dict[str, int]:
    found: dict[str, int] = page.evaluate(LAYER, index)
    return found


def show(page: Page, view: str) -> None:
    page.get_by_role("button", name=view.capitalize(), exact=False).first.click()
    settled(page)


@pytest.mark.parametrize("zoom", ["fit", "1:1", "4x"])
def test_each_view_is_painted_as_its_map_says(annotate, zoom):
    page = annotate.page
    box = page.locator(".mw-stage").bounding_box()
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.45 * box["height"])
    if zoom != "fit":
        page.keyboard.press("Control+1")
    for _ in range(6 if zoom == "4x" else 0):
        page.keyboard.press("+")
    settled(page)
    for view in ("semantic", "instance", "panoptic"):
        show(page, view)
        counts = page.evaluate(WRONG_PIXELS, view)
        assert counts["looked"] > 100_000
        assert counts["wrong"] == 0, counts
        assert counts["outside"] == 0, counts
        assert counts["lines"] > 500, counts
        assert counts["unlined"] < 0.2 * counts["lines"], counts
        assert (counts["borders"] > 200) is (view != "instance"), counts


def test_seeing_less_and_more_of_the_masks(annotate):
    page = annotate.page
    show(page, "instance")
    whole, photo = layer(page, TRUTH), layer(page, PHOTO)

    page.keyboard.press("o")
    settled(page)
    assert layer(page, TRUTH)["hash"] != whole["hash"]
    page.keyboard.press("o")
    settled(page)
    assert layer(page, TRUTH) == whole

    page.keyboard.press("i")
    assert "Select a mask" in page.locator(".mw-message").text_content()
    page.keyboard.press(".")
    page.keyboard.press("i")
    settled(page)
    alone = layer(page, TRUTH)
    assert 0 < alone["painted"] < whole["painted"]
    page.keyboard.press(".")
    settled(page)
    assert layer(page, TRUTH)["hash"] != alone["hash"]
    page.keyboard.press("i")
    settled(page)
    assert layer(page, TRUTH) == whole

    page.keyboard.press("h")
    settled(page)
    assert layer(page, TRUTH)["painted"] < whole["painted"]
    assert layer(page, SELECTION)["painted"] == 0, "what is hidden shows the photo, also while it is selected"
    page.keyboard.press("h")
    settled(page)
    page.keyboard.press("t")
    settled(page)
    assert layer(page, TRUTH)["painted"] == layer(page, SELECTION)["painted"] == 0
    page.keyboard.press("t")
    settled(page)
    assert layer(page, SELECTION)["painted"] > 0
    assert layer(page, TRUTH) == whole
    assert layer(page, PHOTO) == photo


def test_the_look_changes_the_photo_or_the_masks_alone_and_is_kept(annotate):
    page = annotate.page
    show(page, "semantic")
    own = layer(page, TRUTH)
    page.keyboard.press("Shift+V")
    look = page.get_by_role("dialog", name="Look")
    look.get_by_label("Brightness of the photo").fill("160")
    look.get_by_label("Contrast of the photo").fill("80")
    settled(page)
    filters = page.eval_on_selector_all(".mw-stage canvas", "(all) => all.map((one) => getComputedStyle(one).filter)")
    assert filters[PHOTO] == "brightness(1.6) contrast(0.8)"
    assert set(filters[1:]) == {"none"}
    assert layer(page, TRUTH) == own
    look.get_by_text("Photo as it is").click()
    look.get_by_label("Colours").select_option("safe")
    look.get_by_label("Page").select_option("dark")
    settled(page)
    assert layer(page, TRUTH)["hash"] != own["hash"]
    assert layer(page, TRUTH)["painted"] == own["painted"]
    assert annotate.page.evaluate(WRONG_PIXELS, "semantic")["wrong"] == 0
    panel = "(one) => getComputedStyle(one).backgroundColor"
    assert page.eval_on_selector(".mw-panel", panel) == "rgb(28, 31, 35)"
    page.keyboard.press("Escape")
    assert look.is_hidden()

    page.reload()
    page.wait_for_function(OPENED)
    assert [annotate.state(name) for name in ("palette", "theme", "brightness")] == ["safe", "dark", 1]
    page.keyboard.press("Shift+V")
    look.get_by_label("Colours").select_option("label")
    look.get_by_label("Page").select_option("auto")


def test_moving_about_by_wheel_pinch_and_minimap(annotate):
    page = annotate.page
    viewport = f"() => {ROOT}.viewport()"
    minimap = page.locator(".mw-minimap")
    fitted = page.evaluate(viewport)
    assert minimap.is_hidden()
    box = page.locator(".mw-stage").bounding_box()
    x, y = box["x"] + 300, box["y"] + 200
    page.mouse.move(x, y)
    page.mouse.wheel(0, -900)
    settled(page)
    near = page.evaluate(viewport)
    assert near["scale"] > 2 * fitted["scale"]
    for side, at in (("left", 300), ("top", 200)):
        before = (at - fitted[side]) / fitted["scale"]
        assert (at - near[side]) / near["scale"] == pytest.approx(before, abs=0.01)

    assert minimap.is_visible()
    small = minimap.bounding_box()
    page.mouse.click(small["x"] + 0.9 * small["width"], small["y"] + 0.9 * small["height"])
    settled(page)
    moved = page.evaluate(viewport)
    assert (moved["scale"], moved["left"] < near["left"], moved["top"] < near["top"]) == (near["scale"], True, True)
    assert annotate.state("selection") == []
    page.keyboard.press("m")
    settled(page)
    assert minimap.is_hidden()
    page.keyboard.press("m")
    page.keyboard.press("Control+0")
    settled(page)
    assert page.evaluate(viewport) == fitted

    touches = page.context.new_cdp_session(page)
    centre = (box["x"] + 400, box["y"] + 250)

    def touch(kind: str, *apart: float) -> None:
        points = [{"x": centre[0] + one, "y": centre[1], "id": number} for number, one in enumerate(apart)]
        touches.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", -40)
    touch("touchStart", -40, 40)
    for step in range(1, 9):
        touch("touchMove", -40 - 5 * step, 40 + 5 * step)
    touch("touchEnd")
    settled(page)
    pinched = page.evaluate(viewport)
    assert pinched["scale"] == pytest.approx(2 * fitted["scale"], rel=0.05)
    touch("touchStart", 0)
    touch("touchMove", 30)
    touch("touchMove", 60)
    touch("touchEnd")
    settled(page)
    assert page.evaluate(viewport)["left"] == pytest.approx(pinched["left"] + 60, abs=1)
    assert annotate.state("selection") == []


def test_the_crosshair_points_and_clicks_without_a_pointer(annotate):
    page = annotate.page
    page.keyboard.press("Alt+ArrowRight")
    image = annotate.state("image")
    x, y = annotate.state("crosshair")
    assert abs(x - image["width"] / 2) <= 1
    assert abs(y - image["height"] / 2) <= 1
    page.keyboard.press("Alt+ArrowRight")
    page.keyboard.press("Alt+Shift+ArrowUp")
    assert annotate.state("crosshair") == [x + 1, y - 16]
    for _ in range(40):
        page.keyboard.press("Alt+Shift+ArrowUp")
    assert annotate.state("crosshair") == [x + 1, 0]
    page.keyboard.press("Alt+Shift+ArrowDown")
    page.keyboard.press("Enter")
    column, row = annotate.state("crosshair")
    picked = annotate.state("selection")
    under = [segment for segment in annotate.image()["segments"] if annotate.array(segment)[row, column]]
    expected = [f"s{min(under, key=lambda segment: segment['area'])['id']}"] if under else []
    assert picked == expected
    page.mouse.move(400, 300)
    assert annotate.state("crosshair") is None


def test_what_of_a_segment_lies_under_others_is_dotted(annotate):
    page = annotate.page
    segments = sorted(annotate.image()["segments"], key=lambda segment: segment["order"])
    lowest, highest = segments[0], segments[-1]
    above = sum(annotate.array(segment).astype(int) for segment in segments[1:]) > 0
    assert (annotate.array(lowest) & above).any(), "the test needs a segment under another"
    dots = """(key) => {
      const canvas = document.querySelectorAll('.mw-stage canvas')[3];
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      let dots = 0;
      for (let i = 0; i < data.length; i += 4) dots += data[i + 3] > 195 && data[i + 3] < 210;
      return dots;
    }"""

    def select(segment: dict[str, int]) -> None:
        for _ in range(len(segments)):
            page.keyboard.press(".")
            if annotate.state("selection") == [f"s{segment['id']}"]:
                settled(page)
                return
        raise AssertionError(f"segment {segment['id']} was not reached")

    select(lowest)
    assert page.evaluate(dots) > 50
    select(highest)
    assert page.evaluate(dots) == 0


def test_what_is_mended_on_the_canvas_looks_as_if_painted_anew(annotate):
    """Corrections repaint the part that they change alone; a jump to another zoom and back repaints all."""
    page = annotate.page
    page.keyboard.press("t")
    page.keyboard.press("t")
    for view in ("instance", "panoptic", "semantic"):
        show(page, view)
        for keys in (".", "3", "x", "Control+z", ".", "h", ".", "PageDown", ".", "PageUp", ".", "1", "h"):
            page.keyboard.press(keys)
        page.wait_for_function(SAVED)
        settled(page)
        mended = [layer(page, index) for index in (TRUTH, PROPOSALS, SELECTION)]
        assert mended[0]["painted"] > 0
        page.keyboard.press("Control+1")
        settled(page)
        page.keyboard.press("Control+0")
        settled(page)
        assert [layer(page, index) for index in (TRUTH, PROPOSALS, SELECTION)] == mended, view
