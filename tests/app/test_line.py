import asyncio
import threading

import pytest

from app.line import GivenUp, Line, LineFull


def told(story):
    """Run a story of a line whose first work waits for the gate."""
    gate, begun = threading.Event(), []

    def work(name, *, held=False):
        def run():
            begun.append(name)
            if held:
                gate.wait()
            return name

        return run

    try:
        return asyncio.run(story(Line("test", longest=3), work, gate, begun))
    finally:
        gate.set()


async def reached(condition):
    while not condition():
        await asyncio.sleep(0.001)


def test_what_nobody_waits_for_any_more_is_not_begun():
    async def story(line, work, gate, begun):
        first = asyncio.ensure_future(line.result(1, work("first", held=True)))
        await reached(lambda: begun)
        given_up = asyncio.ensure_future(line.result(2, work("given up")))
        await asyncio.sleep(0)
        given_up.cancel()
        last = asyncio.ensure_future(line.result(3, work("last")))
        await asyncio.sleep(0)
        gate.set()
        assert (await first, await last) == ("first", "last")
        assert begun == ["first", "last"]

    told(story)


def test_what_two_wait_for_is_done_once_and_for_the_other_when_one_gives_up():
    async def story(line, work, gate, begun):
        first = asyncio.ensure_future(line.result(1, work("first", held=True)))
        await reached(lambda: begun)
        both = [asyncio.ensure_future(line.result(2, work("shared"))) for _ in range(2)]
        await asyncio.sleep(0)
        both[0].cancel()
        gate.set()
        assert (await first, await both[1]) == ("first", "shared")
        assert begun == ["first", "shared"]

    told(story)


def test_a_full_line_says_so_and_takes_more_afterwards():
    async def story(line, work, gate, begun):
        waiting = [asyncio.ensure_future(line.result(key, work(key, held=True))) for key in range(3)]
        await reached(lambda: begun)
        with pytest.raises(LineFull, match="3 others wait"):
            await line.result("more", work("more"))
        gate.set()
        assert await asyncio.gather(*waiting) == [0, 1, 2]
        assert await line.result("more", work("more")) == "more"

    told(story)


def test_what_fails_is_told_and_done_anew():
    async def story(line, work, gate, begun):
        def fail():
            raise OSError("gone")

        with pytest.raises(OSError, match="gone"):
            await line.result(1, fail)
        assert await line.result(1, work("again")) == "again"

    told(story)


def test_work_under_way_that_nobody_waits_for_ends_and_frees_the_line():
    async def story(line, work, gate, begun):
        def rounds():
            begun.append("given up")
            while True:
                gate.wait(0.001)
                line.go_on(1)

        first = asyncio.ensure_future(line.result(1, rounds))
        await reached(lambda: begun)
        first.cancel()
        assert await line.result(2, work("next")) == "next"

    told(story)


def test_what_is_asked_for_again_just_as_it_was_given_up_is_done_anew():
    async def story(line, work, gate, begun):
        def given_up():
            begun.append("first")
            gate.wait()
            raise GivenUp

        first = asyncio.ensure_future(line.result(1, given_up))
        await reached(lambda: begun)
        first.cancel()
        await asyncio.sleep(0)
        again = asyncio.ensure_future(line.result(1, work("again")))
        await asyncio.sleep(0)
        gate.set()
        assert await again == "again"

    told(story)
