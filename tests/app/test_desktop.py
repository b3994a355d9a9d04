"""The page in a window of its own. No window opens here: a stand-in for pywebview says what it was asked, looks at the
page, and is closed."""

import json
import socket
import subprocess
import sys
from types import SimpleNamespace

import pytest

from app import desktop
from app.cli import main
from app.settings import ServerSettings
from core.annotation.errors import MaskwrightError
from tests.made import make_workspace
from tests.serving import PROJECT, START_TIMEOUT_S, free_port

STAND_IN = """
import json, os, types, urllib.request
class WebViewException(Exception): pass
settings, told = {}, {}
class Event:
    def __add__(self, heard):
        heard("cocoa")
        return self
def create_window(title, url, **options):
    told.update(title=title, url=url)
    return types.SimpleNamespace(events=types.SimpleNamespace(initialized=Event()))
def start(**options):
    if "TOOLKIT" in os.environ:
        raise WebViewException(os.environ["TOOLKIT"] + ".")
    with urllib.request.urlopen(told["url"] + "/api/v1/workspace") as answer:
        told.update(options, settings=settings, user=json.load(answer)["user"])
    with open(os.environ["TOLD"], "w") as file:
        json.dump(told, file)
"""


@pytest.fixture
def shown(tmp_path, monkeypatch):
    """Starts the window at a port; gives the ended process."""
    workspace, _ = make_workspace(tmp_path / "work", photos=1)
    workspace.close()
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "webview.py").write_text(STAND_IN)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "modules"))
    monkeypatch.setenv("TOLD", str(tmp_path / "told.json"))

    def show(port):
        options = ["--workspace", str(tmp_path / "work"), "--desktop", "--no-model", "--port", str(port)]
        command = [sys.executable, "launch.py", *options]
        return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=START_TIMEOUT_S)

    return show


@pytest.mark.long
def test_the_window_shows_the_page_and_its_end_ends_the_server(shown, tmp_path):
    port = free_port()
    done = shown(port)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((tmp_path / "told.json").read_text()) == {
        "title": "Maskwright",
        "url": f"http://127.0.0.1:{port}",
        "private_mode": False,
        "settings": {"ALLOW_DOWNLOADS": True, "OPEN_EXTERNAL_LINKS_IN_BROWSER": False},
        "user": "local",
    }


def test_a_second_window_is_told_of_the_first(shown, tmp_path):
    """At another port it would be another site to the browser: without the keys, and blind to what was not sent."""
    with socket.socket() as first:
        first.bind(("127.0.0.1", 0))
        first.listen()
        done = shown(first.getsockname()[1])
    assert done.returncode == 2
    assert "Maskwright may be open there already" in done.stderr
    assert not (tmp_path / "told.json").exists()


@pytest.mark.long
def test_without_a_toolkit_it_is_said_which_to_install(shown, monkeypatch):
    monkeypatch.setenv("TOOLKIT", "You must have either QT or GTK")
    done = shown(free_port())
    assert done.returncode == 2
    assert "cannot draw a window (You must have either QT or GTK): on Linux pip install pywebview[qt]" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("chosen", "done"), [("", ["cancel"]), ("/srv/sets/mine.zip", ["/srv/sets", "mine.zip", "accept"])]
)
def test_a_download_is_saved_where_the_person_says(monkeypatch, chosen, done):
    """By the calls that Qt 5.14 and Qt 6 both have."""
    calls, asked = [], []
    download = SimpleNamespace(
        suggestedFileName=lambda: "coco.zip",
        setDownloadDirectory=calls.append,
        setDownloadFileName=calls.append,
        accept=lambda: calls.append("accept"),
        cancel=lambda: calls.append("cancel"),
    )
    places = SimpleNamespace(StandardLocation=SimpleNamespace(DownloadLocation=3), writableLocation=lambda _: "/srv/me")
    qt = SimpleNamespace(
        BrowserView=type("BrowserView", (), {}),
        QtCore=SimpleNamespace(QStandardPaths=places),
        QFileDialog=SimpleNamespace(getSaveFileName=lambda *given: (asked.append(given[1:]), (chosen, "*"))[1]),
    )
    monkeypatch.setitem(sys.modules, "webview.platforms.qt", qt)
    desktop.mend_downloads("qtwebengine")
    qt.BrowserView().on_download_requested(download)
    assert asked == [("Save", "/srv/me/coco.zip")]
    assert calls == done


def test_without_pywebview_it_is_said_how_to_get_it(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "webview", None)
    assert main(["--workspace", str(tmp_path / "work"), "--desktop", "--no-model"]) == 2
    assert "pip install pywebview" in capsys.readouterr().err
    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize(
    ("option", "given"),
    [("--host", {"host": "192.0.2.1"}), ("--open", {"open_browser": True}), ("--api-only", {"api_only": True})],
)
def test_what_does_not_go_with_a_window_is_named(option, given):
    with pytest.raises(MaskwrightError, match=f"{option} does not go with --desktop"):
        ServerSettings(desktop=True, **given)
