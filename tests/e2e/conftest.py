"""A real Chromium for the tests of the pages; without one they skip, except where CI is set."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.chromium import ABSENT, chromium, chromium_path


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium_path()
    if path is None and os.environ.get("CI"):
        pytest.fail(ABSENT)
    if path is None:
        pytest.skip(ABSENT)
    with chromium(path) as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page of 1280×720; at its end nothing went wrong in it, and it asked nobody outside."""
    context = browser.new_context(viewport={"width": 1280, "height": 720}, accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(60_000)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(f"error: {error}"))
    page.on("request", lambda request: None if _is_ours(request.url) else faults.append(f"outside: {request.url}"))
    yield page
    context.close()
    assert faults == []


def _is_ours(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "data:", "blob:"))
