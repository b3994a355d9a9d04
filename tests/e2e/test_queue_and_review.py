"""The film strip with its filters, skipping and deleting, review with comments, and the history, in a real browser."""

from __future__ import annotations

import pytest

from tests.e2e.annotate import ROOT, SAVED, AnnotatePage
from tests.made import make_workspace
from tests.serving import serving

pytestmark = pytest.mark.browser

PHOTOS = 7
FRAMES = "() => [...document.querySelectorAll('.mw-frame')].map((one) => one.getAttribute('aria-label'))"
FRAMES_ARE = "(count) => document.querySelectorAll('.mw-frame').length === count"
COUNTED_NOW = "Number(document.querySelector('.mw-film-bar [role=status]').textContent.split(' ')[0])"
COUNTED = f"() => {COUNTED_NOW}"
OPEN_IS = "(id) => document.querySelector('.mw-root')?.maskwright?.state().image?.id === id"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    home = tmp_path_factory.mktemp("queue") / "workspace"
    workspace, images = make_workspace(home, photos=PHOTOS)
    workspace.close()
    with serving(home, "--no-model") as server:
        yield server, images


def show(annotate, image_id):
    annotate.page.goto(f"{annotate.url}/?image={image_id}")
    annotate.page.wait_for_function(OPEN_IS, arg=image_id)
    annotate.page.wait_for_function(FRAMES_ARE, arg=PHOTOS)


@pytest.fixture
def annotate(served, page):
    return AnnotatePage(page, served[0].url)


def test_the_strip_shows_states_and_opens_photos(served, annotate, page):
    _, images = served
    show(annotate, images[2].id)
    page.wait_for_function(FRAMES_ARE, arg=PHOTOS)
    assert page.evaluate(FRAMES)[2] == f"{images[2].file_name}, new"
    annotate.press("a")
    page.wait_for_function(f"() => ({FRAMES})()[2].endsWith('in work')")
    page.locator(".mw-frame").nth(4).click()
    page.wait_for_function(OPEN_IS, arg=images[4].id)
    assert page.locator(".mw-frame[aria-current=true]").get_attribute("data-id") == str(images[4].id)
    page.locator(".mw-frame").nth(4).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_function(OPEN_IS, arg=images[5].id)


def test_the_browsers_back_and_forward_go_from_photo_to_photo(served, annotate, page):
    _, images = served
    show(annotate, images[0].id)
    assert page.title() == f"{images[0].file_name} · Maskwright"
    page.keyboard.press("d")
    page.wait_for_function(OPEN_IS, arg=images[1].id)
    assert page.title() == f"{images[1].file_name} · Maskwright"
    for turn, image in ((page.go_back, images[0]), (page.go_forward, images[1])):
        turn(wait_until="commit")
        page.wait_for_function(OPEN_IS, arg=image.id)
        assert page.url.endswith(f"?image={image.id}")
        assert page.title() == f"{image.file_name} · Maskwright"


def test_filters_and_search_lead_the_keys_too(served, annotate, page):
    _, images = served
    show(annotate, images[0].id)
    page.get_by_label("Find a photo by its name").fill("photo-3")
    page.wait_for_function(FRAMES_ARE, arg=1)
    page.locator(".mw-frame").click()
    page.wait_for_function(OPEN_IS, arg=images[3].id)
    page.get_by_label("Find a photo by its name").fill("")
    page.wait_for_function(FRAMES_ARE, arg=PHOTOS)
    page.get_by_label("Photos in the state").select_option("new")
    page.wait_for_function("() => document.querySelector('.mw-film-bar [role=status]').textContent.includes(' of 7')")
    page.get_by_label("Photos in the state").select_option("")
    page.get_by_label("Order of the photos").select_option("name")
    page.wait_for_function(FRAMES_ARE, arg=PHOTOS)
    names = [label.split(",")[0] for label in page.evaluate(FRAMES)]
    assert names == sorted(names)


def test_a_list_asked_for_before_a_correction_shows_the_photo_as_it_is_now(served, annotate, page):
    _, images = served
    show(annotate, images[6].id)
    held = []
    page.route("**/api/v1/images?*state=new*", lambda route: held.append((route, route.fetch())))
    page.get_by_label("Photos in the state").select_option("new")
    while not held:
        page.wait_for_timeout(20)
    matching = held[0][1].json()["matching"]
    page.locator(".mw-root").focus()
    annotate.press("a")
    with page.expect_response("**/api/v1/images?*state=new*"):
        held[0][0].fulfill(response=held[0][1])
    page.wait_for_function(f"(wanted) => {COUNTED_NOW} === wanted", arg=matching - 1)
    assert page.evaluate(FRAMES)[-1] == f"{images[6].file_name}, in work"
    page.unroute_all()
    page.get_by_label("Photos in the state").select_option("")
    page.wait_for_function(FRAMES_ARE, arg=PHOTOS)


def test_a_search_for_the_same_does_not_ask_again(served, annotate, page):
    """What was let go of meanwhile stays in sight, and the strip does not jump."""
    _, images = served
    show(annotate, images[0].id)
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/api/v1/images?" in request.url else None)
    search = page.get_by_label("Find a photo by its name")
    search.press("Space")
    page.wait_for_timeout(1000)
    assert asked == []
    search.press_sequentially("photo-1")
    page.wait_for_function(FRAMES_ARE, arg=1)
    assert "text=photo-1" in asked[-1]
    search.fill("")
    page.wait_for_function(FRAMES_ARE, arg=PHOTOS)


def test_a_photo_is_sent_back_with_a_comment_corrected_and_approved(served, annotate, page):
    _, images = served
    show(annotate, images[1].id)
    annotate.press("a")
    page.get_by_role("button", name="Mark this photo as done").click()
    page.wait_for_function(SAVED)
    page.get_by_role("button", name="Send back…").click()
    page.get_by_label("Comment for the person").fill("the wheel is missing <b>")
    page.get_by_role("button", name="Send back", exact=True).click()
    page.wait_for_function(SAVED)
    assert annotate.image()["state"] == "sent_back"
    assert annotate.image()["remark"]["text"] == "the wheel is missing <b>"
    page.reload()
    page.wait_for_selector(".mw-remark:not([hidden])")
    assert "the wheel is missing <b>" in page.locator(".mw-remark").inner_text()
    page.get_by_role("button", name="Mark this photo as done").click()
    page.wait_for_function(SAVED)
    page.get_by_role("button", name="Approve").click()
    page.wait_for_function(SAVED)
    assert annotate.image()["state"] == "approved"
    page.get_by_role("tab", name="History").click()
    page.wait_for_selector(".mw-history-list li >> text=approved")
    told = page.locator(".mw-history-list").inner_text()
    assert "sent back" in told
    assert "accepted segment 1" in told
    page.locator(".mw-root").focus()
    annotate.press("Control+z")
    assert annotate.image()["state"] == "done"


def test_a_skipped_and_a_deleted_photo_come_back(served, annotate, page):
    _, images = served
    show(annotate, images[3].id)
    annotate.press("Shift+S")
    page.wait_for_function(OPEN_IS, arg=images[4].id)
    page.wait_for_function(SAVED)
    page.keyboard.press("Shift+Delete")
    page.wait_for_function(OPEN_IS, arg=images[5].id)
    page.wait_for_function(SAVED)
    states = [page.request.get(f"{annotate.url}/api/v1/images/{one.id}").json()["state"] for one in images[3:5]]
    assert states == ["skipped", "deleted"]
    listed = annotate.page.request.get(f"{annotate.url}/api/v1/images").json()["images"]
    assert images[4].id not in [one["id"] for one in listed]
    page.get_by_label("Photos in the state").select_option("deleted")
    page.wait_for_function(FRAMES_ARE, arg=1)
    page.locator(".mw-frame").click()
    page.wait_for_function(OPEN_IS, arg=images[4].id)
    page.locator(".mw-root").focus()
    annotate.press("Control+z")
    assert annotate.image()["state"] == "in_work"
    page.get_by_label("Photos in the state").select_option("")
    page.wait_for_function(FRAMES_ARE, arg=PHOTOS)


def test_keys_meant_for_a_photo_on_its_way_reach_that_photo(served, annotate, page):
    _, images = served
    show(annotate, images[0].id)
    before = annotate.image()["revision"]
    there = page.request.get(f"{annotate.url}/api/v1/images/{images[2].id}").json()["segments"]
    slow = {"offline": False, "latency": 600, "downloadThroughput": -1, "uploadThroughput": -1}
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.emulateNetworkConditions", slow)
    for key in ("d", "d", "a"):
        page.keyboard.press(key)
    page.get_by_text("Opening the photo…").wait_for()
    page.wait_for_function(OPEN_IS, arg=images[2].id)
    network.send("Network.emulateNetworkConditions", {**slow, "latency": 0})
    page.wait_for_function(f"(count) => {ROOT}.state().image.segments.length === count", arg=len(there) + 1)
    page.wait_for_function(SAVED)
    assert len(annotate.image()["segments"]) == len(there) + 1
    show(annotate, images[0].id)
    assert annotate.image()["revision"] == before


def test_the_list_that_one_goes_through_is_kept_and_photos_leave_it_as_they_are_done(served, annotate, page):
    _, images = served
    show(annotate, images[0].id)
    page.get_by_label("Find a photo by its name").fill("photo-")
    page.get_by_label("Order of the photos").select_option("name")
    page.wait_for_function(f"() => {ROOT}.state().filter.text === 'photo-' && {ROOT}.state().filter.order === 'name'")
    page.goto(annotate.url)
    page.wait_for_function(OPEN_IS, arg=images[0].id)
    assert annotate.state("filter") == {"text": "photo-", "order": "name"}
    assert page.get_by_label("Find a photo by its name").input_value() == "photo-"
    page.goto(f"{annotate.url}/?image=99999999999999999999")
    page.wait_for_function(OPEN_IS, arg=images[0].id)
    assert page.locator(".mw-message").inner_text() == "There is no photo “99999999999999999999”; work goes on here."
    page.get_by_label("Find a photo by its name").fill("")
    page.get_by_label("Photos in the state").select_option("new")
    new = annotate.page.request.get(f"{annotate.url}/api/v1/images?state=new").json()["matching"]
    page.wait_for_function(f"(wanted) => {COUNTED_NOW} === wanted && ({FRAMES})().length === wanted", arg=new)
    before, frames = page.evaluate(COUNTED), page.evaluate(FRAMES)
    last = next(image for image in reversed(images) if frames[-1].startswith(image.file_name))
    page.locator(".mw-frame").last.click()
    page.wait_for_function(OPEN_IS, arg=last.id)
    annotate.press("a")
    page.wait_for_function(f"(before) => {COUNTED_NOW} === before - 1", arg=before)
    assert len(page.evaluate(FRAMES)) == len(frames)
    page.locator(".mw-frame").first.click()
    page.wait_for_function(FRAMES_ARE, arg=before - 1)
    page.get_by_label("Photos in the state").select_option("")
    page.get_by_label("Order of the photos").select_option("added")


def test_a_comment_half_written_waits_on_its_photo(served, annotate, page):
    _, images = served
    show(annotate, images[1].id)
    if not annotate.state("image.done"):
        page.get_by_role("button", name="Mark this photo as done").click()
        page.wait_for_function(SAVED)
    page.get_by_role("button", name="Send back…").click()
    comment = page.get_by_label("Comment for the person")
    comment.fill("the wheel and")
    page.locator(".mw-frame").nth(2).click()
    page.wait_for_function(OPEN_IS, arg=images[2].id)
    assert not comment.is_visible()
    page.locator(".mw-frame").nth(1).click()
    page.wait_for_function(OPEN_IS, arg=images[1].id)
    assert comment.input_value() == "the wheel and"
    page.get_by_role("button", name="Cancel").click()
    assert not comment.is_visible()
