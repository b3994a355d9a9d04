"""What the page does when the server is not what it was: gone for a while, another workspace, a photo lost."""

from __future__ import annotations

import pytest

from storage.images import get_image
from storage.workspace import Workspace
from tests.e2e.annotate import ROOT, AnnotatePage
from tests.made import make_workspace
from tests.serving import Server, serving

pytestmark = pytest.mark.browser

SHOWN = f"() => document.querySelector('.mw-root')?.maskwright && {ROOT}.state().photo"


def make(folder, **options):
    workspace, images = make_workspace(folder / "workspace", **options)
    workspace.close()
    return folder / "workspace", images


def revision(workspace_folder, image_id):
    with Workspace.open(workspace_folder, create=False) as workspace, workspace.database.read() as session:
        return get_image(session, image_id).revision


@pytest.mark.long
def test_a_correction_made_while_the_server_was_gone_is_saved_once_it_is_back(page, tmp_path):
    home, _ = make(tmp_path)
    server = Server(home, "--no-model")
    annotate = AnnotatePage(page, server.url)
    page.goto(server.url)
    page.wait_for_function(SHOWN)
    server.kill()
    page.keyboard.press("a")
    page.wait_for_function(f"() => {ROOT}.state().saving.reason !== null")
    assert "not saved (1)" in page.locator(".mw-saving").inner_text()
    back = Server(home, "--no-model", port=server.port)
    try:
        page.wait_for_function(f"() => {ROOT}.state().saving.saved")
        assert annotate.image()["revision"] == 1
    finally:
        back.stop()


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
