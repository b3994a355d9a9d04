"""A real Chromium for the tests of the pages; without one they skip, except where CI is set."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.chromium import ABSENT, chromium, chromium_path

# As long as the pages' own wait: a busy machine is slow, not wrong.
expect.set_options(timeout=60_000)


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
def service_workers() -> Literal["allow", "block"]:
    """Whether the browser may keep the page to open it without the server; that fetches each of its files twice."""
    return "block"


@pytest.fixture
def page(browser: Browser, service_workers: Literal["allow", "block"]) -> Iterator[Page]:
    """A fresh page of 1280×720; at its end nothing went wrong in it, and it asked nobody outside."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 720}, accept_downloads=True, service_workers=service_workers
    )
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
