"""Several people on one workspace, each in a browser of their own: logging in, seeing each other, losing nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from argon2 import PasswordHasher
from playwright.sync_api import Browser, Page, expect

from storage.corrections import history
from storage.persons import add_person, end_sessions
from storage.workspace import Workspace
from tests.e2e.annotate import ROOT, SAVED, SHOWN, AnnotatePage, go_offline, wait_until
from tests.e2e.gradio_pages import open_page
from tests.made import make_workspace
from tests.serving import Server, serving

pytestmark = pytest.mark.browser

PASSWORD = "correct horse"
HOSTILE = "<img src=x onerror=alert(1)>${alert(2)}{{alert(3)}}"
PEOPLE = ("ann", "Bea Müller", HOSTILE)
TABS = 8
# How many rows the browser keeps under a name.
ROWS = """async (name) => {
  const opening = indexedDB.open('maskwright');
  const done = (request) => new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
  const database = await done(opening);
  const count = await done(database.transaction(name).objectStore(name).count());
  database.close();
  return count;
}"""
WATCH = (
    "window.ran = []; for (const name of ['alert', 'confirm', 'prompt']) window[name] = (it) => window.ran.push(it);"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    workspace, _ = make_workspace(tmp_path_factory.mktemp("people") / "workspace", photos=3, proposals=40)
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with workspace.database.write() as session:
        for name in PEOPLE:
            add_person(session, name, cheap.hash(PASSWORD))
    workspace.close()
    with serving(workspace.folder, "--no-model") as running:
        yield running


@pytest.fixture
def somebody(browser: Browser, server: Server) -> Iterator[Callable[..., Page]]:
    """Opens a browser of somebody's own, logged in; at the end no script of theirs or of a name's went wrong."""
    contexts = []
    faults: list[str] = []

    def arrive(name: str, image: int = 1) -> Page:
        context = browser.new_context(viewport={"width": 1280, "height": 720})
        contexts.append(context)
        context.add_init_script(WATCH)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(f"{server.url}/?image={image}")
        log_in(page, name)
        page.wait_for_function(SHOWN)
        return page

    yield arrive
    for context in contexts:
        assert all(page.evaluate("window.ran ?? []") == [] for page in context.pages)
        context.close()
    assert faults == []


def log_in(page: Page, name: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def select_undecided(page: Page) -> None:
    """Walk on to a proposal that nobody has accepted yet."""
    page.keyboard.press(".")
    while not page.evaluate(f"{ROOT}.state().selection[0].startsWith('p')"):
        page.keyboard.press(".")


def log_of(server: Server, image_id: int) -> list[tuple[str, str]]:
    with Workspace.open(server.workspace, create=False) as workspace, workspace.database.read() as session:
        return [(line.user, line.operation.value) for line in history(session, image_id)]


def test_without_scripts_one_logs_in_and_out(browser: Browser, server: Server) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{server.url}/account")
    expect(page).to_have_title("Log in – Maskwright")
    expect(page.get_by_label("Name")).to_be_focused()
    page.get_by_label("Name").fill("ann")
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("The name or the password is wrong.")
    log_in(page, "ann")
    expect(page.get_by_text("You are logged in as ann.")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    expect(page).to_have_url(f"{server.url}/login")
    page.goto(f"{server.url}/data")
    expect(page).to_have_url(f"{server.url}/login?next=%2Fdata")
    context.close()


@pytest.mark.long
def test_whoever_logs_out_leaves_no_photo_behind(somebody: Callable[..., Page], server: Server) -> None:
    page = somebody("ann", image=2)
    wait_until(page, f"async () => await ({ROWS})('shelf') > 1")
    photo, before = page.evaluate(f"{ROOT}.state().image.photo_url"), len(log_of(server, 2))
    go_offline(page)
    page.keyboard.press("a")
    wait_until(page, f"async () => await ({ROWS})('actions') === 1")
    # The log-in ends elsewhere, and the page itself learns nothing of it. It goes only then: a page that is being left
    # has its connection back for a moment.
    with Workspace.open(server.workspace, create=False) as workspace, workspace.database.write() as session:
        end_sessions(session, "ann")
    while page.request.get(f"{server.url}/api/v1/workspace").ok:
        page.wait_for_timeout(50)
    page.goto("about:blank")
    page.context.set_offline(False)
    page.goto(f"{server.url}/labels")
    expect(page).to_have_url(f"{server.url}/login?next=%2Flabels")
    wait_until(page, f"async () => await ({ROWS})('shelf') === 0")
    assert page.goto(server.url + photo).status == 401

    page.goto(f"{server.url}/?image=3")
    log_in(page, "Bea Müller")
    page.wait_for_function(SHOWN)
    wait_until(page, f"async () => await ({ROWS})('shelf') > 1")
    assert page.evaluate(f"{ROOT}.state().unsent") == []
    assert (log_of(server, 2)[before:], page.evaluate(f"({ROWS})('actions')")) == ([], 1)
    page.goto(f"{server.url}/account")
    page.get_by_role("button", name="Log out").click()
    wait_until(page, f"async () => await ({ROWS})('shelf') === 0")

    page.goto(f"{server.url}/?image=2")
    log_in(page, "ann")
    page.wait_for_function(SHOWN)
    wait_until(page, f"async () => await ({ROWS})('actions') === 0")
    assert log_of(server, 2)[before:] == [("ann", "accept")]


@pytest.mark.long
def test_two_on_one_image_see_each_other_and_lose_nothing(somebody: Callable[..., Page], server: Server) -> None:
    ann, bea = somebody("ann"), somebody("Bea Müller")
    expect(ann.get_by_title("Bea Müller is on this photo too")).to_be_visible()
    expect(bea.get_by_title("ann is on this photo too")).to_be_visible()
    AnnotatePage(ann, server.url).press("a")
    bea.wait_for_function(f"() => {ROOT}.state().base.revision === 1 && {ROOT}.state().image.segments.length === 1")
    for page in (ann, bea):
        select_undecided(page)
    # Both at once: what the later one made is told and kept, never silently lost.
    for page in (ann, bea):
        page.keyboard.press("a")
    for page in (ann, bea):
        page.wait_for_function(SAVED)
    log = log_of(server, 1)
    told = [page.evaluate(f"{ROOT}.state().unsent?.length ?? 0") for page in (ann, bea)]
    assert len(log) + sum(told) == 3, (log, told)
    assert ("ann", "accept") in log
    expected = len(log)
    for page in (ann, bea):
        page.wait_for_function(f"() => {ROOT}.state().base.revision === {expected}")
    bea.goto(f"{server.url}/?image=2")
    expect(ann.get_by_title("Bea Müller is on this photo too")).to_be_hidden()
    expect(ann.get_by_label("Bea Müller is on another photo")).to_be_visible()


def test_what_another_has_accepted_too_is_not_deleted_without_a_word(
    somebody: Callable[..., Page], server: Server
) -> None:
    ann, bea = somebody("ann", image=2), somebody("Bea Müller", image=2)
    before = len(log_of(server, 2))
    for page in (ann, bea):
        select_undecided(page)
    assert ann.evaluate(f"{ROOT}.state().selection") == bea.evaluate(f"{ROOT}.state().selection")
    go_offline(bea)
    bea.keyboard.press("a")
    hers = AnnotatePage(bea, server.url)
    hers.click_mask(next(segment for segment in hers.state("image.segments") if segment["id"] < 0))
    bea.keyboard.press("Delete")
    assert [action["operation"] for action in bea.evaluate(f"{ROOT}.state().pending")] == ["accept", "delete"]
    AnnotatePage(ann, server.url).press("a")
    bea.context.set_offline(False)
    bea.get_by_role("button", name="Corrections that could not be applied").click()
    expect(bea.get_by_text("the proposal was accepted elsewhere too")).to_be_visible()
    assert log_of(server, 2)[before:] == [("ann", "accept")]
    bea.get_by_role("button", name="Apply again").click()
    expect(ann.get_by_text(re.compile("^Bea Müller changed .+ here; it is gone"))).to_be_visible()
    assert log_of(server, 2)[before:] == [("ann", "accept"), ("Bea Müller", "delete")]


@pytest.mark.long
def test_a_name_that_would_run_is_text(somebody: Callable[..., Page], server: Server) -> None:
    ann, hostile = somebody("ann", image=3), somebody(HOSTILE, image=3)
    expect(ann.get_by_title(f"{HOSTILE} is on this photo too")).to_be_visible()
    AnnotatePage(hostile, server.url).press("a")
    assert (HOSTILE, "accept") in log_of(server, 3)
    for path in ("/account", "/data", "/labels", "/train"):
        open_page(hostile, f"{server.url}{path}")
        assert hostile.evaluate("window.ran") == []
        assert hostile.evaluate("document.querySelectorAll('img[src=\"x\"]').length") == 0


@pytest.mark.long
def test_eight_tabs_of_one_browser_work(somebody: Callable[..., Page], server: Server) -> None:
    first = somebody("ann", image=2)
    tabs = [first, *(first.context.new_page() for _ in range(TABS - 1))]
    for tab in tabs[1:]:
        tab.set_default_timeout(60_000)
        tab.goto(f"{server.url}/?image=2")
    before = len(log_of(server, 2))
    for tab in tabs:
        tab.wait_for_function(SHOWN)
    for made, tab in enumerate(tabs, start=before + 1):
        tab.bring_to_front()
        tab.wait_for_function(f"() => {ROOT}.state().base.revision === {made - 1}")
        select_undecided(tab)
        AnnotatePage(tab, server.url).press("a")
    assert log_of(server, 2)[before:] == [("ann", "accept")] * TABS
    expect(first.get_by_title("Another tab of yours is on this photo too")).to_be_visible()


def test_whoever_is_logged_out_keeps_their_work_and_goes_on(somebody: Callable[..., Page], server: Server) -> None:
    page = somebody("Bea Müller", image=3)
    before = len(log_of(server, 3))
    with Workspace.open(server.workspace, create=False) as workspace, workspace.database.write() as session:
        end_sessions(session, "Bea Müller")
    again = page.get_by_role("link", name="Logged out: log in again")
    expect(again).to_be_visible()
    page.keyboard.press("a")
    with page.context.expect_page() as opened:
        again.click()
    log_in(opened.value, "Bea Müller")
    opened.value.wait_for_function(SHOWN)
    page.wait_for_function(SAVED)
    assert log_of(server, 3)[before:] == [("Bea Müller", "accept")]
    expect(again).to_be_hidden()
