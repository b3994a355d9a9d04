"""What the page does when the server is not what it was: gone for a while, another workspace, a photo lost."""

from __future__ import annotations

import pytest

from storage.corrections import history
from storage.images import get_image
from storage.workspace import Workspace
from tests.e2e.annotate import ROOT, AnnotatePage, wait_until
from tests.made import make_workspace
from tests.serving import Server, serving

pytestmark = pytest.mark.browser


@pytest.fixture
def service_workers():
    return "allow"


DECISIONS = f"""() => {{
  const count = {{}};
  for (const {{ decision }} of {ROOT}.state().image.proposals) count[decision] = (count[decision] ?? 0) + 1;
  return count;
}}"""
# Whether this browser keeps the image of a revision.
KEPT = """async (revision) => {
  const { openDatabase, read } = await import('/ui/js/session/database.mjs');
  const database = await openDatabase();
  const rows = await read(database, 'shelf', (store) => store.getAll());
  database.close();
  return rows.some(({ value }) => value.revision === revision);
}"""
SHOWN = f"() => document.querySelector('.mw-root')?.maskwright && {ROOT}.state().photo"


def make(folder, **options):
    workspace, images = make_workspace(folder / "workspace", **options)
    workspace.close()
    return folder / "workspace", images


def revision(workspace_folder, image_id):
    with Workspace.open(workspace_folder, create=False) as workspace, workspace.database.read() as session:
        return get_image(session, image_id).revision


def kept(page):
    return page.locator(".mw-kept-text").inner_text()


def log_of(workspace_folder, image_id):
    with Workspace.open(workspace_folder, create=False) as workspace, workspace.database.read() as session:
        return history(session, image_id)


@pytest.mark.long
def test_work_goes_on_without_the_server_and_over_a_reload_and_is_sent_once_in_order(page, tmp_path):
    home, (image, other) = make(tmp_path, photos=2)
    server = Server(home, "--no-model")
    try:
        page.goto(server.url)
        page.wait_for_function(SHOWN)
        page.evaluate("() => navigator.serviceWorker.ready.then(() => null)")
        page.locator(".mw-root").focus()
        page.keyboard.press("a")
        page.wait_for_function(f"() => {ROOT}.state().saving.saved")
        wait_until(page, KEPT, 1)
        server.kill()
        for key in ("x", "a", "Control+z", "x"):
            page.keyboard.press(key)
        page.wait_for_function(f"() => {ROOT}.state().saving.kept === 4")
        assert "not saved (4)" in page.locator(".mw-saving").inner_text()
        assert kept(page) == "4 corrections kept on this machine; sent when the server answers."
        before = page.evaluate(DECISIONS)
        assert [before[decision] for decision in ("accepted", "rejected")] == [1, 2]
        page.screenshot(path=tmp_path / "offline.png")
        page.reload()
        page.wait_for_function(SHOWN)
        page.wait_for_function(f"() => {ROOT}.state().pending.length === 4")
        assert page.evaluate(DECISIONS) == before
        assert "as this machine keeps it" in page.locator(".mw-offline").inner_text()
        page.screenshot(path=tmp_path / "reloaded.png")
        server = Server(home, "--no-model", port=server.port)
        page.wait_for_function(f"() => {ROOT}.state().saving.saved && {ROOT}.state().pending.length === 0")
        assert page.evaluate(DECISIONS) == before
        assert not page.locator(".mw-kept").is_visible()
        page.wait_for_function("() => document.querySelector('.mw-offline') === null")
        page.wait_for_function(SHOWN)
        page.wait_for_function("() => document.querySelectorAll('.mw-frame').length === 2")
        assert (page.evaluate(f"{ROOT}.state().image.id"), page.evaluate(DECISIONS)) == (image.id, before)
    finally:
        server.stop()
    assert [line.operation for line in log_of(home, image.id)] == ["accept", "reject", "accept", "undo", "reject"]
    assert log_of(home, other.id) == ()


@pytest.mark.long
def test_two_on_one_photo_both_keep_their_work(page, tmp_path):
    home, (image,) = make(tmp_path)
    with serving(home, "--no-model") as server:
        annotate = AnnotatePage(page, server.url)
        page.goto(server.url)
        page.wait_for_function(SHOWN)
        page.locator(".mw-root").focus()
        first, second = (proposal["id"] for proposal in annotate.shown_proposals()[:2])
        page.route("**/corrections", lambda route: route.abort())
        page.route("**/presence", lambda route: route.abort())
        for key in ("1", "2"):
            page.keyboard.press(key)
        page.wait_for_function(f"() => {ROOT}.state().saving.kept === 2")
        elsewhere = {
            "client": "somebody-else",
            "seq": 1,
            "base_revision": 0,
            "operation": "reject",
            "proposals": [first],
        }
        answer = page.request.post(
            f"{server.url}/api/v1/images/{image.id}/corrections",
            data={"workspace": annotate.state("workspace.id"), **elsewhere},
        )
        assert answer.ok, answer.text()
        page.unroute("**/corrections")
        page.wait_for_function(f"() => {ROOT}.state().pending.length === 0 && {ROOT}.state().saving.saved")
        page.locator(".mw-kept button").click()
        assert "the proposal is rejected now" in page.locator(".mw-unsent").inner_text()
        page.screenshot(path=tmp_path / "unsent.png")
        page.reload()
        page.wait_for_function(SHOWN)
        page.locator(".mw-kept button").click()
        page.get_by_role("button", name="Apply again").click()
        page.wait_for_function(f"() => {ROOT}.state().saving.saved && {ROOT}.state().unsent.length === 0")
    done = [(line.operation, line.change.decisions[0].proposal_id) for line in log_of(home, image.id)]
    assert done == [("reject", first), ("relabel", second), ("relabel", first)]


@pytest.mark.long
def test_a_tab_left_open_on_another_workspace_cannot_correct_this_one(page, tmp_path):
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    first, _ = make(tmp_path / "first")
    second, (image,) = make(tmp_path / "second")
    server = Server(first, "--no-model")
    page.goto(server.url)
    page.wait_for_function(SHOWN)
    server.kill()
    other = Server(second, "--no-model", port=server.port)
    try:
        page.keyboard.press("a")
        page.wait_for_function(f"() => {ROOT}.state().message.text.includes('another workspace')")
        assert page.evaluate(f"{ROOT}.state().pending.length") == 0
    finally:
        other.stop()
    assert revision(second, image.id) == 0
    again = Server(first, "--no-model", port=server.port)
    try:
        page.goto(again.url)
        page.wait_for_function(SHOWN)
        page.wait_for_function(f"() => {ROOT}.state().saving.saved")
        assert AnnotatePage(page, again.url).image()["revision"] == 1
    finally:
        again.stop()


@pytest.mark.long
def test_a_lost_photo_does_not_lock_the_others_out(page, tmp_path):
    home, (lost, _) = make(tmp_path, photos=2)
    with Workspace.open(home, create=False) as workspace:
        workspace.blobs.path(lost.display_sha256).unlink()
    with serving(home, "--no-model") as server:
        page.goto(server.url)
        page.wait_for_function("() => document.querySelector('.mw-root')?.maskwright")
        page.wait_for_function(f"() => {ROOT}.state().message.text.includes('did not come')")
        assert "missing" in page.evaluate(f"{ROOT}.state().message.text")
        page.locator(".mw-root").focus()
        page.keyboard.press("d")
        page.wait_for_function(SHOWN)
        assert page.evaluate(f"{ROOT}.state().image.id") == lost.id + 1
