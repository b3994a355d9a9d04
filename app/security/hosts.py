"""Which host names are the server's own."""

from __future__ import annotations

import re
from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from app.security.refusals import refuse

_REFUSED = (
    "this host is not served; use the address that the server printed at its start, "
    "or start it with --allowed-host and this name"
)


class OwnHost:
    """Refuses what asks for another host: a foreign site's name may lead here, and its page would be of one origin."""

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        self.app = app
        self._ours = re.compile(rf"({'|'.join(map(re.escape, sorted(hosts)))})(:\d+)?", re.IGNORECASE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or self._ours.fullmatch(Headers(scope=scope).get("host", "")):
            await self.app(scope, receive, send)
        else:
            await refuse(scope, receive, send, JSONResponse({"error": _REFUSED}, 400))
