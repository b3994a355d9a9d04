"""The Annotate page as an app that a browser installs: manifest, icons, and the worker that opens it offline."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from app.settings import ASSETS

ICON_SIZES_PX = (192, 512)
# What a browser asks for before anybody is logged in.
OPEN_PATHS = frozenset(
    {"/manifest.webmanifest", "/ui/icon.svg", *(f"/ui/icons/icon-{size}.png" for size in ICON_SIZES_PX)}
)

_MANIFEST = {
    "id": "/",
    "name": "Maskwright",
    "short_name": "Maskwright",
    "description": "An interactive assistant for labelling images",
    "start_url": "/",
    "scope": "/",
    "display": "standalone",
    "background_color": "#14181d",
    "theme_color": "#14181d",
    "icons": [
        *(
            {"src": f"/ui/icons/icon-{size}.png", "sizes": f"{size}x{size}", "type": "image/png", "purpose": "any"}
            for size in ICON_SIZES_PX
        ),
        {"src": "/ui/icon.svg", "sizes": "any", "type": "image/svg+xml", "purpose": "any"},
    ],
}
_REVALIDATED = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
_SHELL_FOLDERS = {"js": "*.mjs", "css": "*.css"}


def web_app_routes() -> list[Route]:
    """Routes for the application that serves the pages."""
    return [
        Route("/manifest.webmanifest", _manifest),
        Route("/service-worker.js", _worker),
        Route("/ui/shell.json", _shell),
        Route("/ui/icon.svg", _icon),
        *(Route(f"/ui/icons/icon-{size}.png", _icon) for size in ICON_SIZES_PX),
    ]


def _manifest(_: Request) -> Response:
    return JSONResponse(_MANIFEST, media_type="application/manifest+json", headers=_REVALIDATED)


def _icon(request: Request) -> Response:
    name = request.url.path.removeprefix("/ui/")
    return FileResponse(ASSETS / name, headers=_REVALIDATED)


def _worker(_: Request) -> Response:
    """The version is the content's, so that a browser sees another worker as soon as anything changes."""
    version = json.dumps(_version(_files()))
    body = f"const VERSION = {version};\n" + (ASSETS / "service-worker.js").read_text(encoding="utf-8")
    headers = {**_REVALIDATED, "Service-Worker-Allowed": "/"}
    return Response(body, media_type="text/javascript", headers=headers)


def _shell(_: Request) -> Response:
    """All modules and styles at once, so that a copy of them is never of two versions."""
    files = _files()
    return JSONResponse({"version": _version(files), "files": files}, headers=_REVALIDATED)


def _files() -> dict[str, str]:
    """The page's text files by their paths below assets."""
    paths = [path for folder, pattern in _SHELL_FOLDERS.items() for path in sorted((ASSETS / folder).rglob(pattern))]
    return {_name(path): path.read_text(encoding="utf-8") for path in (ASSETS / "offline.html", *paths)}


def _name(path: Path) -> str:
    return path.relative_to(ASSETS).as_posix()


def _version(files: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(files).encode()).hexdigest()[:16]
