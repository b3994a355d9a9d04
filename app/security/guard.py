"""The one guard: whatever the server offers, it asks who wants it."""

from __future__ import annotations

import base64
import logging
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.security.gate import Gate, TooManyAttempts, WrongPassword
from app.security.known import KnownPersons
from app.security.origins import SAFE_METHODS
from app.security.refusals import refuse
from app.security.sessions import LoggedIn, Sessions
from app.web_app import OPEN_PATHS as WEB_APP_PATHS
from core.annotation.errors import StorageError
from storage.persons import Person

log = logging.getLogger(__name__)

LOGIN_PATH = "/login"
ACCOUNT_PATH = "/account"
API_PREFIX = "/api/"
# What a browser asks for before anybody is logged in; none of it says anything of the workspace.
OPEN_PATHS = frozenset({LOGIN_PATH, "/ui/css/login.css", "/ui/js/forget.mjs", "/favicon.ico", *WEB_APP_PATHS})

COOKIE_CHALLENGE = {"WWW-Authenticate": 'Cookie realm="Maskwright"'}
_BASIC_CHALLENGE = {"WWW-Authenticate": 'Basic realm="Maskwright", charset="UTF-8"'}
_NOT_KEPT = {"Cache-Control": "no-store"}
_LOG_IN = "log in first; a script sends a name and a password by HTTP's basic authentication"


class Guard:
    """Lets through who is logged in, and on the API who sends a name and a password; their name is then the request's
    `state.user`. Pages lead to the log-in, all else is answered 401.

    Without users everybody is let in, as nobody but the person at this machine gets here; nobody where
    `others_come`.
    """

    def __init__(self, app: ASGIApp, *, known: KnownPersons, gate: Gate, sessions: Sessions, others_come: bool) -> None:
        self.app = app
        self._known = known
        self._gate = gate
        self._sessions = sessions
        self._others_come = others_come

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or scope["path"] in OPEN_PATHS:
            await self.app(scope, receive, send)
            return
        try:
            await self._known.refresh()
        except StorageError as error:
            log.error("%s", error)
            await refuse(scope, receive, send, JSONResponse({"error": str(error)}, 503))
            return
        if self._known or self._others_come:
            await self._let_in(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _let_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = HTTPConnection(scope)
        logged_in: LoggedIn | None = None
        try:
            person = await self._by_password(connection)
        except (WrongPassword, TooManyAttempts) as error:
            await refuse(scope, receive, send, _unauthorised(error))
            return
        if person is None:
            logged_in = self._sessions.read(connection, self._known)
            person = logged_in.person if logged_in else None
        if person is None:
            await refuse(scope, receive, send, _to_login(connection, scope))
            return
        scope.setdefault("state", {})["user"] = person.name
        renewing = logged_in is not None and logged_in.ageing
        await self.app(scope, receive, self._renewing(send, connection) if renewing else send)

    async def _by_password(self, connection: HTTPConnection) -> Person | None:
        header = connection.headers.get("authorization")
        if header is None or not connection.scope["path"].startswith(API_PREFIX):
            return None
        name, password = _basic(header)
        return await self._gate.enter(name, password, address_of(connection))

    def _renewing(self, send: Send, connection: HTTPConnection) -> Send:
        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                # Read again: this request or another may have ended the log-in in between.
                logged_in = self._sessions.read(connection, self._known)
                if logged_in is not None:
                    self._renew(message, logged_in, encrypted=is_encrypted(connection.scope))
            await send(message)

        return send_with_cookie

    def _renew(self, message: Message, logged_in: LoggedIn, *, encrypted: bool) -> None:
        holder = Response()
        self._sessions.give(holder, logged_in.person, encrypted=encrypted, login_id=logged_in.login_id)
        MutableHeaders(scope=message).append("set-cookie", holder.headers["set-cookie"])


def address_of(connection: HTTPConnection) -> str:
    """Who asks, as far as the network tells; behind a proxy on this machine, whom the proxy names."""
    return connection.client.host if connection.client else ""


def is_encrypted(scope: Scope) -> bool:
    """Whether the browser speaks HTTPS, with this server or with a proxy that says so."""
    return scope["scheme"] in ("https", "wss")


def _basic(header: str) -> tuple[str, str]:
    """Raises WrongPassword for a header that is none of HTTP's basic authentication."""
    scheme, _, value = header.partition(" ")
    try:
        name, colon, password = base64.b64decode(value, validate=True).decode().partition(":")
    except ValueError:
        colon = ""
    if scheme.lower() != "basic" or not colon:
        raise WrongPassword("the Authorization header holds no name and password as HTTP's basic authentication does")
    return name, password


def _unauthorised(error: WrongPassword | TooManyAttempts) -> JSONResponse:
    body = {"error": str(error)}
    if isinstance(error, TooManyAttempts):
        return JSONResponse(body, 429, _NOT_KEPT | {"Retry-After": str(error.wait_s)})
    return JSONResponse(body, 401, _NOT_KEPT | _BASIC_CHALLENGE)


def _to_login(connection: HTTPConnection, scope: Scope) -> Response:
    """Any challenge that browsers know would let them ask with a window of their own, in the page's midst."""
    if scope.get("method") not in SAFE_METHODS or not _is_for_eyes(connection.headers, scope["path"]):
        return JSONResponse({"error": _LOG_IN}, 401, _NOT_KEPT | COOKIE_CHALLENGE)
    query = scope["query_string"].decode("latin-1")
    wanted = f"{scope['path']}?{query}" if query else scope["path"]
    return RedirectResponse(f"{LOGIN_PATH}?next={quote(wanted, safe='')}", 303, _NOT_KEPT)


def _is_for_eyes(headers: Headers, path: str) -> bool:
    """Whether a browser opens it as a page; browsers tell so in one header or the other."""
    if path.startswith(API_PREFIX):
        return False
    return headers.get("sec-fetch-mode") == "navigate" or "text/html" in headers.get("accept", "")
