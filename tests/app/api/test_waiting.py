import asyncio

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from app.api.waiting import while_wanted


def request_of(*messages):
    """A request whose connection brings these messages and then nothing."""
    left = list(messages)

    async def receive():
        if left:
            return {"type": left.pop(0)}
        return await asyncio.Event().wait()

    return Request({"type": "http"}, receive)


def test_work_ends_when_the_client_goes_away():
    ended = []

    async def work():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append(True)
            raise

    async def story():
        with pytest.raises(HTTPException, match="went away"):
            await while_wanted(request_of("http.request", "http.disconnect"), work())
        await asyncio.sleep(0)

    asyncio.run(story())
    assert ended == [True]


def test_an_answer_and_an_error_come_through():
    async def answer():
        return 7

    async def fail():
        raise OSError("gone")

    assert asyncio.run(while_wanted(request_of(), answer())) == 7
    with pytest.raises(OSError, match="gone"):
        asyncio.run(while_wanted(request_of(), fail()))
