"""The page as an installed app: a browser accepts it as one, and a changed module reaches it at the next load."""

from __future__ import annotations

import shutil
import threading
import time

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route

from app import web_app
from app.server import PageFiles
from app.settings import ASSETS
from tests.e2e.annotate import wait_until
from tests.serving import free_port

pytestmark = pytest.mark.browser


@pytest.fixture
def service_workers():
    return "allow"


PAGE = """<!doctype html><title>with the server</title>
<script type="module">
  import { said } from '/ui/js/page/said.mjs';
  import { makeInstallable } from '/ui/js/page/installing.mjs';
  document.title = said;
  makeInstallable();
</script>"""
SAID = "export const said = '{}';\n"
OFFLINE = "import { said } from './page/said.mjs';\ndocument.title = `${said} without the server`;\n"
KEPT = """async (said) => {
  const file = await caches.match('/kept/js/page/said.mjs');
  return file !== undefined && (await file.text()).includes(said) && (await caches.keys()).length === 1;
}"""
NOTHING_KEPT = """async () => {
  const workers = await navigator.serviceWorker.getRegistrations();
  return workers.length === 0 && (await caches.keys()).length === 0;
}"""


def wait_until_kept(page, said):
    wait_until(page, KEPT, said)


# Until what the server has now is installed, or was given up.
UPDATED = """async () => {
  const registration = await navigator.serviceWorker.getRegistration();
  await registration.update();
  while (registration.installing) await new Promise((resolve) => setTimeout(resolve, 20));
}"""


class Site:
    """A server of the worker, the manifest and files of its own, which a test may change."""

    def __init__(self, assets) -> None:
        routes = [
            Route("/", lambda _: HTMLResponse(PAGE)),
            *web_app.web_app_routes(),
            *(Mount(f"/ui/{name}", PageFiles(directory=assets / name)) for name in ("js", "css")),
        ]
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self._app = Starlette(routes=routes)
        self.start()

    def start(self) -> None:
        config = uvicorn.Config(self._app, port=self.port, log_level="error", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()


@pytest.fixture
def assets(tmp_path, monkeypatch):
    folder = tmp_path / "assets"
    (folder / "js" / "page").mkdir(parents=True)
    (folder / "css").mkdir()
    for name in ("offline.html", "service-worker.js", "icon.svg", "css/offline.css", "js/page/installing.mjs"):
        shutil.copy(ASSETS / name, folder / name)
    shutil.copy(ASSETS / "js" / "page" / "dom.mjs", folder / "js" / "page")
    shutil.copytree(ASSETS / "icons", folder / "icons")
    (folder / "js" / "offline.mjs").write_text(OFFLINE)
    (folder / "js" / "page" / "said.mjs").write_text(SAID.format("first"))
    monkeypatch.setattr(web_app, "ASSETS", folder)
    return folder


@pytest.fixture
def site(assets):
    site = Site(assets)
    yield site
    site.stop()


def test_a_changed_module_reaches_the_page_at_the_next_load_and_the_kept_copy_follows(page, site, assets):
    page.goto(site.url)
    wait_until_kept(page, "first")
    (assets / "js" / "page" / "said.mjs").write_text(SAID.format("second"))
    page.reload()
    page.wait_for_function("() => document.title === 'second'")
    wait_until_kept(page, "second")
    site.stop()
    page.goto(site.url)
    page.wait_for_function("() => document.title === 'second without the server'")
    site.start()
    page.goto(site.url)
    page.wait_for_function("() => document.title === 'second'")
    page.goto(f"{site.url}?no-worker")
    wait_until(page, NOTHING_KEPT)


def test_a_worker_whose_copy_cannot_be_made_leaves_the_old_one_as_it_is(page, site, assets):
    page.goto(site.url)
    wait_until_kept(page, "first")
    (assets / "js" / "page" / "said.mjs").write_text(SAID.format("second"))
    worker = (assets / "service-worker.js").read_text()
    (assets / "service-worker.js").write_text(worker.replace("/ui/shell.json", "/ui/none.json"))
    page.reload()
    page.wait_for_function("() => document.title === 'second'")
    page.evaluate(UPDATED)
    assert page.evaluate(KEPT, "first")


def test_a_browser_takes_the_page_for_an_app(page, site):
    page.goto(site.url)
    wait_until_kept(page, "first")
    devtools = page.context.new_cdp_session(page)
    answer = devtools.send("Page.getAppManifest")
    assert answer["errors"] == []
    assert answer["url"] == f"{site.url}manifest.webmanifest"
    faults = [fault["errorId"] for fault in devtools.send("Page.getInstallabilityErrors")["installabilityErrors"]]
    # A context of the tests is an incognito window, which installs nothing.
    assert set(faults) <= {"in-incognito"}
