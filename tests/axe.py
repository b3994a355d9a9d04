"""axe-core, which looks for faults of accessibility in a page: fetched by npm into the user's cache, for tests alone.

`python -m tests.axe` fetches it, or into the folder $MASKWRIGHT_AXE. Tests use what is there, fetch it themselves where
CI is set, and else skip: no user and no README command needs npm. It is under MPL-2.0 and no part of the project.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

VERSION = "4.14.1"
# One file of half a megabyte on a slow line.
FETCH_TIMEOUT_S = 300

_RUN = """async (exclude) => {
  const found = await axe.run({ exclude }, { resultTypes: ['violations'] });
  return found.violations.map(({ id, impact, help, nodes }) => ({
    id, impact, help, nodes: nodes.map(({ target, html, any }) => [target.join(' '), html, any[0]?.message ?? '']),
  }));
}"""


@dataclass(frozen=True)
class Fault:
    """What axe found at one element: its rule, how bad (minor, moderate, serious or critical), where and why."""

    rule: str
    impact: str
    selector: str
    html: str
    why: str

    def __str__(self) -> str:
        return f"{self.impact} {self.rule} at {self.selector}: {self.why}\n    {self.html[:200]}"


def script_path() -> Path:
    """The file of axe-core for a test, which is skipped where there is none; on CI it fails."""
    path = _folder() / "node_modules" / "axe-core" / "axe.min.js"
    if path.is_file():
        return path
    if not os.environ.get("CI"):
        pytest.skip("axe-core is not there yet; python -m tests.axe fetches it with npm")
    fetch()
    return path


def fetch() -> Path:
    """Put axe-core into the cache; npm checks what it gets against the registry's hash."""
    npm = shutil.which("npm")
    assert npm, "npm is not installed; install Debian's package npm"
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    command = [npm, "install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder)]
    subprocess.run([*command, f"axe-core@{VERSION}"], check=True, timeout=FETCH_TIMEOUT_S)
    return folder


def faults(page: Page, *, exclude: tuple[str, ...] = ()) -> list[Fault]:
    """What axe finds on the page as it is, outside what these selectors name."""
    if not page.evaluate("'axe' in window"):
        # Not as an element: the login page lets no script in.
        page.evaluate(script_path().read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = page.evaluate(_RUN, [[selector] for selector in exclude])
    return [
        Fault(one["id"], one["impact"], selector, html, f"{one['help']}. {why}")
        for one in found
        for selector, html, why in one["nodes"]
    ]


def _folder() -> Path:
    chosen = os.environ.get("MASKWRIGHT_AXE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "maskwright" / f"axe-core-{VERSION}"


if __name__ == "__main__":
    print(fetch())
