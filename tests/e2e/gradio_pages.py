"""Gradio's own controls, as a person's patience handles them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from playwright.sync_api import Page, TimeoutError

IDLE_MS = 15_000
TRIES = 6
TAKEN_MS = 10_000
QUIET = """(quiet_ms) => new Promise((resolve) => {
  let timer = setTimeout(resolve, quiet_ms);
  new MutationObserver(() => {
    clearTimeout(timer);
    timer = setTimeout(resolve, quiet_ms);
  }).observe(document, { childList: true, subtree: true });
})"""
QUIET_MS = 400


def open_page(page: Page, url: str, tab: str | None = None) -> None:
    """Open a page, and a tab of it, and wait until Gradio has built it: before that it drops what it is given."""
    page.goto(url)
    # On a busy machine Gradio leaves a stream open now and then, of which nothing comes any more.
    with suppress(TimeoutError):
        page.wait_for_load_state("networkidle", timeout=IDLE_MS)
    if tab is not None:
        page.get_by_role("tab", name=tab).click()
    page.evaluate(QUIET, QUIET_MS)


def give_files(page: Page, box: str, files: Path | Sequence[Path], *, shown: str | None = None) -> None:
    """Give files to the picker of this id until it takes them and, where it keeps them, has `shown` their name.

    Gradio makes a picker's input anew whenever its properties change, and an input that has gone takes files without
    a word; where one changes while files arrive, they are dropped.
    """
    for _ in range(TRIES):
        try:
            with page.expect_response(lambda answer: "/gradio_api/upload?" in answer.url, timeout=TAKEN_MS):
                page.locator(f"#{box} input[type=file]").set_input_files(files)
            if shown is not None:
                page.locator(f"#{box}").get_by_text(shown).first.wait_for(timeout=TAKEN_MS)
        except TimeoutError:
            continue
        return
    raise AssertionError(f"#{box} took no files in {TRIES} tries")
