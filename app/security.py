"""Who may talk to the server: hosts, origins, a password off loopback, and the size of what is sent."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# A correction is under 1 kB; a drawn mask of a large photo stays under this too.
MAX_JSON_BYTES = 4 * 1024 * 1024
LOCAL_USER = "local"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class OwnHost:
    """Refuses what asks for another host: a foreign site's name may lead here, and its page would be of one origin."""

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        self.app = app
        self._ours = re.compile(rf"({'|'.join(map(re.escape, sorted(hosts)))})(:\d+)?", re.IGNORECASE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or self._ours.fullmatch(Headers(scope=scope).get("host", "")):
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            error = {"error": "this host is not served; use the address that the server printed at its start"}
            await JSONResponse(error, 400)(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})


class SameOrigin:
    """Refuses what another site's page sends: a foreign Origin on a change, a cross-site fetch of data."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or self._allowed(scope):
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await JSONResponse({"error": "requests from another site are refused"}, 403)(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

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
        return origin is None or urlsplit(origin).netloc == headers.get("host")


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


class Password:
    """HTTP Basic authentication over everything the server offers; any user name goes with the one password.

    The name is stored with each correction.
    """

    def __init__(self, app: ASGIApp, password: str) -> None:
        self.app = app
        self._password = password.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        user = self._user(Headers(scope=scope).get("authorization", ""))
        if user is not None:
            scope.setdefault("state", {})["user"] = user
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            challenge = {"WWW-Authenticate": 'Basic realm="Maskwright", charset="UTF-8"'}
            error = {"error": "a name and the password are needed"}
            await JSONResponse(error, 401, challenge)(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    def _user(self, header: str) -> str | None:
        scheme, _, value = header.partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return (name or LOCAL_USER) if hmac.compare_digest(password.encode(), self._password) else None


class BodyLimit:
    """Refuses a body over `limit` bytes on paths below `prefix`, before it is read whole."""

    def __init__(self, app: ASGIApp, *, prefix: str, limit: int = MAX_JSON_BYTES) -> None:
        self.app = app
        self._prefix = prefix
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(self._prefix):
            await self.app(scope, receive, send)
            return
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self._limit:
                error = {"error": f"a request holds at most {self._limit} bytes; send the corrections one by one"}
                await JSONResponse(error, 413)(scope, receive, send)
                return
        sent = False

        async def replay() -> Message:
            nonlocal sent
            if sent:
                return await receive()
            sent = True
            return {"type": "http.request", "body": bytes(body), "more_body": False}

        await self.app(scope, replay, send)
