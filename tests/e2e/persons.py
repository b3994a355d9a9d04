"""People of a workspace with a login."""

from __future__ import annotations

from playwright.sync_api import Page


def log_in(page: Page, url: str, name: str, password: str) -> None:
    """Log the browser in without opening a page, for tests of what comes after."""
    answer = page.request.post(
        f"{url}/login", form={"name": name, "password": password}, headers={"Origin": url}, max_redirects=0
    )
    assert answer.status == 303, answer.text()
