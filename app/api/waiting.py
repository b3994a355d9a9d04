"""Waiting for an answer as long as somebody wants it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request

Answer = TypeVar("Answer")

# As nginx logs it; nobody is there to read it.
CLIENT_GONE = 499


async def while_wanted(request: Request, work: Coroutine[Any, Any, Answer]) -> Answer:
    """What `work` returns; it is cancelled when the client goes away. The request's body must have been read."""
    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise HTTPException(CLIENT_GONE, "the one who asked went away")
    finally:
        leaving.cancel()
        working.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
