"""Refusing a request before any route sees it."""

from __future__ import annotations

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

# RFC 6455, section 7.4.1: a policy was violated.
POLICY_VIOLATION = 1008


async def refuse(scope: Scope, receive: Receive, send: Send, response: Response) -> None:
    """Answer a request with the response; close a WebSocket, which takes none."""
    if scope["type"] == "http":
        await response(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": POLICY_VIOLATION})
