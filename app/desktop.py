"""The page in a window of its own, through pywebview where that is installed."""

from __future__ import annotations

import logging
import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import Any

import uvicorn

from app.server import make_server, prepare_process
from app.settings import ServerSettings
from core.annotation.errors import MaskwrightError

WINDOW_SIZE = (1440, 900)
# Below it the canvas has no room beside its panel.
LEAST_SIZE = (1024, 640)
_POLL_S = 0.02


def show(settings: ServerSettings) -> None:
    """Serve, and show the page until its window is closed. Raises MaskwrightError without pywebview, and without
    anything that could draw its window."""
    webview = _load_webview()
    prepare_process()
    with make_server(settings) as (server, listener, address):
        serving = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        serving.start()
        try:
            _wait_until_started(server, serving)
            _open_window(webview, address)
        finally:
            server.should_exit = True
            serving.join()


def _load_webview() -> ModuleType:
    try:
        import webview
    except ImportError as error:
        raise MaskwrightError(
            "--desktop needs pywebview: pip install pywebview (on Linux pywebview[qt], or pywebview[gtk]); "
            "or start without it, and install the page from the browser's menu"
        ) from error
    assert isinstance(webview, ModuleType)
    # It tries one toolkit after the other and prints a traceback of each that is missing.
    logger = logging.getLogger("pywebview")
    logger.addFilter(lambda record: "cannot be loaded" not in record.getMessage())
    logger.propagate = False
    return webview


def _wait_until_started(server: uvicorn.Server, serving: threading.Thread) -> None:
    while not server.started:
        serving.join(_POLL_S)
        if not serving.is_alive():
            raise MaskwrightError("the server ended before its window was there; the lines above say why")


def _open_window(webview: ModuleType, address: str) -> None:
    # Exports are downloads, which a window refuses unless told.
    webview.settings["ALLOW_DOWNLOADS"] = True
    # The one link that asks for another tab is the log-in's, and a browser's cookie is not the window's.
    webview.settings["OPEN_EXTERNAL_LINKS_IN_BROWSER"] = False
    width, height = WINDOW_SIZE
    window = webview.create_window(
        "Maskwright", address, width=width, height=height, min_size=LEAST_SIZE, text_select=True
    )
    window.events.initialized += mend_downloads
    try:
        # Private, it would forget keys, brush and what was not sent yet.
        webview.start(private_mode=False)
    except webview.WebViewException as error:
        raise MaskwrightError(
            f"--desktop cannot draw a window ({str(error).rstrip('.')}): on Linux pip install pywebview[qt]"
        ) from error


def mend_downloads(renderer: str) -> None:
    """Under Qt 6 pywebview 6.2 saves a download by a call that is not there, and that ends the program."""
    if renderer.startswith("qt"):
        sys.modules["webview.platforms.qt"].BrowserView.on_download_requested = _save_download


def _save_download(view: Any, download: Any) -> None:
    """Ask where to, and save. view: the window, a QWidget; download: Qt's, of Qt 5.14 or newer."""
    qt: Any = sys.modules["webview.platforms.qt"]
    places = qt.QtCore.QStandardPaths
    folder = Path(places.writableLocation(places.StandardLocation.DownloadLocation))
    chosen, _ = qt.QFileDialog.getSaveFileName(view, "Save", str(folder / download.suggestedFileName()))
    if not chosen:
        download.cancel()
        return
    download.setDownloadDirectory(str(Path(chosen).parent))
    download.setDownloadFileName(Path(chosen).name)
    download.accept()
