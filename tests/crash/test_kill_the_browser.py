"""kill -9 of the browser amid corrections, the server there or gone: what it called saved or kept is in the truth."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Playwright, sync_playwright

from core.annotation.corrections import Operation
from core.annotation.truth import Decision
from storage.corrections import history, rebuild
from storage.truths import load_truth
from storage.workspace import Workspace
from tests.chromium import ABSENT, FLAGS, chromium_path
from tests.e2e.annotate import ROOT, SAVED
from tests.made import make_workspace
from tests.serving import Server, free_port

pytestmark = pytest.mark.browser

PROPOSALS = 400
START_S = 60
PAUSE_MS = 25
SHOWN = f"() => document.querySelector('.mw-root')?.maskwright && {ROOT}.state().image?.proposals.length > 0"
# Tells of each correction once the page calls it saved, or kept on this machine.
WATCH = f"""() => {{
  const known = new Map();
  setInterval(() => {{
    const {{ pending, saving }} = {ROOT}.state();
    const kept = saving.reason !== null && saving.kept === pending.length;
    for (const action of pending) if (!known.has(action)) known.set(action, false);
    for (const [action, told] of known) {{
      if (told || (pending.includes(action) && !kept)) continue;
      known.set(action, true);
      window.acknowledged(action.proposals);
    }}
  }}, 3);
}}"""


class Chromium:
    """A browser with a profile on the disk, in a process group of its own."""

    def __init__(self, playwright: Playwright, path: str, profile: Path) -> None:
        port = free_port()
        command = [path, *FLAGS, f"--remote-debugging-port={port}", f"--user-data-dir={profile}", "about:blank"]
        self.process = subprocess.Popen(
            command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + START_S
        while True:
            try:
                browser = playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{port}")
                break
            except Exception:
                if time.monotonic() > until:
                    self.kill()
                    raise
                time.sleep(0.05)
        self.page: Page = browser.contexts[0].new_page()
        self.page.set_default_timeout(60_000)

    def kill(self) -> None:
        """End all its processes at once; no handler runs."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Labelling:
    """A person who rejects one proposal after the other, and what the page told them."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.told: list[int] = []
        page.expose_function("acknowledged", lambda numbers: self.told.extend(numbers))
        page.goto(url)
        page.wait_for_function(SHOWN)
        page.evaluate(WATCH)
        page.locator(".mw-root").focus()

    def wait_until_saved(self) -> None:
        self.page.wait_for_function(SAVED)

    def work(self, keys: int) -> None:
        for _ in range(keys):
            self.page.keyboard.press("x")
            self.page.wait_for_timeout(random.randint(0, PAUSE_MS))


def kill_browsers(folder: Path, kills: int) -> dict[str, Any]:
    """Kill the browser `kills` times, every second time with the server gone; what was told and the image's log."""
    path = chromium_path()
    if path is None:
        pytest.skip(ABSENT)
    home = folder / "workspace"
    workspace, (image,) = make_workspace(home, proposals=PROPOSALS)
    workspace.close()
    random.seed(11)
    told: list[int] = []
    left = 0
    server = Server(home, "--no-model")
    try:
        with sync_playwright() as playwright:
            for kill in range(kills + 1):
                browser = Chromium(playwright, path, folder / "profile")
                try:
                    labelling = Labelling(browser.page, server.url)
                    labelling.wait_until_saved()
                    if kill == kills:
                        break
                    labelling.work(random.randint(1, 4))
                    if kill % 2 == 1:
                        server.kill()
                    labelling.work(random.randint(2, 8))
                    left += browser.page.evaluate(f"{ROOT}.state().pending.length")
                finally:
                    browser.kill()
                told += labelling.told
                if kill % 2 == 1:
                    server = Server(home, "--no-model", port=server.port)
    finally:
        server.stop()
    with Workspace.open(home, create=False) as reopened, reopened.database.read() as session:
        log = history(session, image.id)
        assert load_truth(session, image.id) == rebuild(session, image.id, len(log))
    return {"told": told, "log": log, "left": left}


def check(found: dict[str, Any]) -> None:
    log = found["log"]
    assert {line.operation for line in log} == {Operation.REJECT}
    made = [said.proposal_id for line in log for said in line.change.decisions if said.after is Decision.REJECTED]
    assert len(set(made)) == len(made), "a correction was made twice"
    assert set(found["told"]) <= set(made), "what was told is not there"
    # Best first, as the page offers them. One whose answer died with the browser is told of after newer ones.
    assert made == sorted(made), "corrections were saved in another order than they were made in"
    assert found["left"] > 0, "no kill hit a correction on its way"


@pytest.mark.long
def test_what_the_page_called_saved_or_kept_outlives_twenty_kills_of_the_browser(tmp_path: Path) -> None:
    check(kill_browsers(tmp_path, 20))
