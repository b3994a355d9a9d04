"""How much may be sent."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# A correction is under 1 kB; a drawn mask of a large photo stays under this too.
MAX_JSON_BYTES = 4 * 1024 * 1024
# A name, a password and a place to go on, each letter of them written as %XX%XX%XX.
MAX_FORM_BYTES = 64 * 1024


class BodyLimit:
    """Refuses a body over its path's limit before it is read whole. limits: the most bytes below each prefix."""

    def __init__(self, app: ASGIApp, *, limits: Mapping[str, int]) -> None:
        self.app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        limit = self._limit_of(scope)
        if limit is None:
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
            if len(body) > limit:
                error = {"error": f"a request holds at most {limit} bytes here; send less at once"}
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

    def _limit_of(self, scope: Scope) -> int | None:
        if scope["type"] != "http":
            return None
        return next((limit for prefix, limit in self._limits.items() if scope["path"].startswith(prefix)), None)
