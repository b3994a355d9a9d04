"""The Train page in a real browser: what there is to learn from, a run, old against new, promote and go back."""

from __future__ import annotations

import json
import re
import time

import httpx
import pytest
from playwright.sync_api import expect

from core.annotation.corrections import Operation, Request
from storage.categories import add_category
from storage.truths import load_truth
from storage.workspace import Workspace
from tests.app.workflows.learning.corrected import base_model, corrected_workspace, do
from tests.e2e.test_hostile_names import NAMES, WATCH
from tests.serving import serving

pytestmark = pytest.mark.browser

# A run of six seconds, its process' start and the judging, on a machine that does other work as well.
RUN_TIMEOUT_MS = 180_000
# The page looks for runs of others every ten seconds.
IDLE_TIMEOUT_MS = 30_000
FOLLOW_TIMEOUT_S = 60


@pytest.fixture
def home(tmp_path):
    """A workspace with six done photos of two discs each, and a small model to begin with."""
    workspace, _ = corrected_workspace(tmp_path / "workspace", done=6)
    workspace.close()
    base_model(tmp_path)
    return tmp_path


def serve(home):
    return serving(home / "workspace", "--model", str(home / "base"), "--device", "cpu")


def open_train(page, server):
    page.goto(f"{server.url}/train")
    expect(page.locator("#models table")).to_be_visible()
    return page


def begin(page):
    """Start a run of six seconds."""
    page.locator("#minutes input").fill("0.1")
    page.locator("#minutes input").press("Tab")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator("#told")).to_contain_text("has begun")


def model_in_use(server):
    return httpx.get(f"{server.url}/api/v1/workspace").json()["model"]["name"]


@pytest.mark.long
def test_a_run_is_watched_compared_promoted_and_taken_back(home, page):
    with serve(home) as server:
        open_train(page, server)
        expect(page.locator("#used")).to_contain_text("6 done")
        expect(page.locator("#categories-used")).to_contain_text("person")
        begin(page)
        expect(page.locator("#run")).to_contain_text("Run 1:")
        expect(page.get_by_role("button", name="Start", exact=True)).to_be_disabled()
        expect(page.locator("#curves .mw-chart").first).to_be_visible(timeout=RUN_TIMEOUT_MS)
        promote = page.get_by_role("button", name="Promote the new model")
        expect(promote).to_be_visible(timeout=RUN_TIMEOUT_MS)
        expect(page.locator("#run")).to_contain_text("Run 1: finished")
        expect(page.get_by_role("table", name="Old and new model")).to_contain_text("Panoptic quality")
        expect(page.locator(".mw-verdict")).to_contain_text("held-back image")
        expect(page.locator("#pictures img")).to_have_count(2)
        page.wait_for_function("() => [...document.images].every((image) => image.complete && image.naturalWidth > 0)")
        asked = json.loads((home / "workspace" / "runs" / "1" / "run.json").read_text())["request"]
        assert asked["device"] == "cpu", "the run uses the server's device"
        assert model_in_use(server) == "base"
        promote.click()
        expect(page.locator("#told")).to_contain_text("run-1 is in use")
        expect(promote).to_be_disabled()
        expect(page.get_by_role("table", name="Models").get_by_role("row").nth(1)).to_contain_text(
            re.compile("in use.*run-1")
        )
        wait_for_model(server, "run-1")
        page.goto(f"{server.url}/?image=1")
        page.wait_for_function("() => document.querySelector('.mw-root')?.maskwright?.state().photo")
    with serve(home) as server, Workspace.open(home / "workspace", create=False) as workspace:
        open_train(page, server)
        expect(page.locator("#run")).to_contain_text("Run 1: finished")
        page.get_by_role("button", name="Go back to the old model").click()
        expect(page.locator("#told")).to_contain_text("base is in use")
        expect(page.get_by_role("button", name="Promote the new model")).to_be_enabled()
        page.get_by_label("Bring back a model").click()
        page.get_by_role("option", name="run-1").click()
        page.get_by_role("button", name="Use this model").click()
        expect(page.locator("#told")).to_contain_text("run-1 is in use")
        wait_for_model(server, "run-1")
        with workspace.database.read() as session:
            assert load_truth(session, 1).done, "a promotion changed a done image"


def wait_for_model(server, name):
    until = time.monotonic() + FOLLOW_TIMEOUT_S
    while time.monotonic() < until:
        if model_in_use(server) == name:
            return
        time.sleep(0.2)
    raise AssertionError(f"{model_in_use(server)} is in use after a promotion of {name}")


@pytest.mark.long
def test_two_tabs_see_one_run_and_either_stops_it(home, page):
    with serve(home) as server:
        open_train(page, server)
        other = open_train(page.context.new_page(), server)
        page.locator("#minutes input").fill("20")
        page.locator("#minutes input").press("Tab")
        page.get_by_role("button", name="Start", exact=True).click()
        expect(other.locator("#run")).to_contain_text("Run 1:", timeout=IDLE_TIMEOUT_MS)
        expect(other.get_by_role("button", name="Start", exact=True)).to_be_disabled()
        expect(other.locator("#curves .mw-chart").first).to_be_visible(timeout=RUN_TIMEOUT_MS)
        other.get_by_role("button", name="Stop", exact=True).click()
        expect(other.locator("#told")).to_contain_text("asked to stop")
        for tab in (page, other):
            expect(tab.locator("#run")).to_contain_text("Run 1: stopped", timeout=RUN_TIMEOUT_MS)
            expect(tab.get_by_role("button", name="Resume", exact=True)).to_be_visible()
            expect(tab.get_by_role("button", name="Start", exact=True)).to_be_enabled()


@pytest.mark.long
def test_without_a_done_image_it_says_what_to_do_and_notices_when_one_is_done(tmp_path, page):
    workspace, images = corrected_workspace(tmp_path / "workspace", done=0, in_work=1)
    with workspace, serving(tmp_path / "workspace", "--no-model") as server:
        open_train(page, server)
        expect(page.locator("#used")).to_contain_text("no image is done yet")
        expect(page.locator("#run")).to_contain_text("No run yet")
        expect(page.get_by_role("button", name="Start", exact=True)).to_be_disabled()
        expect(page.locator("#estimate")).not_to_contain_text("About")
        do(workspace, images[0].id, Request(Operation.DONE))
        expect(page.locator("#used")).to_contain_text("1 done", timeout=IDLE_TIMEOUT_MS)
        expect(page.get_by_role("button", name="Start", exact=True)).to_be_enabled()


@pytest.fixture
def hostile_home(home):
    """The first photo's segments are of categories whose names would run as a script."""
    with Workspace.open(home / "workspace", create=False) as workspace:
        with workspace.database.write() as session:
            added = [add_category(session, name=name, is_thing=True) for name in NAMES]
        with workspace.database.read() as session:
            mask = load_truth(session, 1).segments[0].mask
        for category in added:
            do(workspace, 1, Request(Operation.DRAW, mask=mask, category_id=category.id))
    return home


def test_names_that_would_run_as_a_script_are_text_and_impossible_minutes_are_refused(hostile_home, page):
    page.add_init_script(WATCH)
    with serving(hostile_home / "workspace", "--no-model") as server:
        open_train(page, server)
        for name in NAMES:
            expect(page.get_by_role("table", name="Categories").get_by_text(name, exact=True)).to_be_visible()
        expect(page.locator("#estimate")).to_contain_text("About")
        page.locator("#minutes input").fill("45")
        page.locator("#minutes input").press("Tab")
        expect(page.locator("#estimate")).to_contain_text(re.compile("About 4[5-9] min"))
        page.locator("#minutes input").fill("-3")
        page.locator("#minutes input").press("Tab")
        expect(page.locator("#estimate")).not_to_contain_text("About")
        page.get_by_role("button", name="Start", exact=True).click()
        expect(page.locator("#told .mw-bad")).to_contain_text("got -3")
        expect(page.locator("#run")).to_contain_text("No run yet")
    assert page.evaluate("window.ran") == []
    assert page.evaluate("document.querySelectorAll('img[src=\"x\"], svg[onload]').length") == 0
