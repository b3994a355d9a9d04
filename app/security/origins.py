"""What pages of other sites may not do."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.security.refusals import refuse

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class SameOrigin:
    """Refuses what another site's page sends: a foreign Origin on a change, a cross-site fetch of data."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or self._allowed(scope):
            await self.app(scope, receive, send)
        else:
            error = {"error": "requests from another site are refused"}
            await refuse(scope, receive, send, JSONResponse(error, 403))

    @staticmethod
    def _allowed(scope: Scope) -> bool:
        headers = Headers(scope=scope)
        site = headers.get("sec-fetch-site")
        navigating = headers.get("sec-fetch-mode") == "navigate" and scope.get("method") in SAFE_METHODS
        if site == "cross-site" and not navigating:
            return False
        if scope.get("method") in SAFE_METHODS:
            return True
        origin = headers.get("origin")
        return origin is None or _is_own(origin, headers.get("host", ""), scope["scheme"])


def _is_own(origin: str, host: str, scheme: str) -> bool:
    """A page that came unencrypted may have been written by anybody on the way; one that came encrypted through a
    proxy may find us without encryption."""
    its = urlsplit(origin)
    return its.netloc == host and (its.scheme == "https" or scheme in ("http", "ws"))


class OwnFrame:
    """Keeps other sites from showing the pages inside their own, where a click would land on ours."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault("X-Frame-Options", "SAMEORIGIN")
            await send(message)

        await self.app(scope, receive, send_marked)
