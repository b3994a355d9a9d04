"""The routes that make the page an app: they say nothing of the workspace, and a change of any module changes them."""

from __future__ import annotations

import shutil

import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app import web_app
from app.settings import ASSETS


@pytest.fixture
def site(tmp_path, monkeypatch):
    for name in ("js", "css", "icons"):
        shutil.copytree(ASSETS / name, tmp_path / name)
    for name in ("offline.html", "service-worker.js", "icon.svg"):
        shutil.copy(ASSETS / name, tmp_path / name)
    monkeypatch.setattr(web_app, "ASSETS", tmp_path)
    return TestClient(Starlette(routes=web_app.web_app_routes()))


def test_the_manifest_names_icons_of_the_sizes_it_says(site):
    manifest = site.get("/manifest.webmanifest").json()
    for icon in manifest["icons"]:
        answer = site.get(icon["src"])
        assert (answer.status_code, answer.headers["content-type"]) == (200, icon["type"])
        assert icon["src"] in web_app.OPEN_PATHS
        if icon["type"] == "image/png":
            with Image.open(web_app.ASSETS / icon["src"].removeprefix("/ui/")) as picture:
                assert f"{picture.width}x{picture.height}" == icon["sizes"]


@pytest.mark.parametrize("changed", ["js/session/queue.mjs", "css/base.css", "offline.html"])
def test_a_change_of_any_file_of_the_page_makes_another_worker(site, changed):
    before = site.get("/service-worker.js").text
    assert before == site.get("/service-worker.js").text
    path = web_app.ASSETS / changed
    path.write_text(path.read_text() + "\n")
    after = site.get("/service-worker.js").text
    assert after != before
    shell = site.get("/ui/shell.json").json()
    assert f'const VERSION = "{shell["version"]}";' in after
    assert shell["files"][changed] == path.read_text()


def test_the_worker_is_asked_for_anew_each_time_and_may_serve_the_whole_site(site):
    headers = site.get("/service-worker.js").headers
    assert headers["content-type"].startswith("text/javascript")
    assert (headers["cache-control"], headers["service-worker-allowed"]) == ("no-cache", "/")
