import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from app.shelf import Shelf


def made(value):
    future = Future()
    future.set_result(value)
    return future


def shelf_of(limit=10):
    return Shelf(limit, len)


def test_a_thing_is_made_once_however_many_ask():
    shelf, gate, made_times = shelf_of(), threading.Event(), []
    with ThreadPoolExecutor(8) as threads:

        def make():
            made_times.append(1)
            return threads.submit(lambda: gate.wait(10) and "thing")

        asked = [shelf.get("a", make) for _ in range(5)]
        gate.set()
        assert {future.result() for future in asked} == {"thing"}
    assert len(made_times) == 1


def test_the_one_asked_for_longest_ago_goes_first():
    shelf = shelf_of(10)
    for key in "abc":
        shelf.get(key, lambda: made("four"))
        shelf.get("a", lambda: pytest.fail("a was there"))
    assert [shelf.find(key) is not None for key in "abc"] == [True, False, True]


def test_finding_a_thing_counts_as_asking_for_it():
    shelf = shelf_of(10)
    for key in "abc":
        shelf.get(key, lambda: made("four"))
        shelf.find("a")
    assert [shelf.find(key) is not None for key in "abc"] == [True, False, True]


def test_the_newest_is_kept_whatever_its_size():
    shelf = shelf_of(10)
    shelf.get("small", lambda: made("four"))
    shelf.get("large", lambda: made("x" * 50))
    assert shelf.find("small") is None
    assert shelf.find("large") is not None


def test_beginning_one_thing_may_end_another_that_is_on_its_way():
    shelf, first = shelf_of(), Future()
    shelf.get("first", lambda: first)

    def make():
        first.set_exception(OSError("given up for the second"))
        return made("second")

    got = []
    asking = threading.Thread(target=lambda: got.append(shelf.get("second", make).result(10)), daemon=True)
    asking.start()
    asking.join(10)
    assert got == ["second"]
    assert shelf.find("first") is None


def test_what_nobody_asked_for_goes_first():
    shelf = shelf_of(10)
    shelf.get("asked", lambda: made("four"))
    for key in "ab":
        shelf.put(key, "four", asked_for=False)
    assert [shelf.find(key) is not None for key in ("asked", "a", "b")] == [True, True, False]
    shelf.put("asked", "five!", asked_for=False)
    assert shelf.find("asked").result() == "five!"


def test_what_failed_is_made_anew():
    shelf, failed = shelf_of(), Future()
    failed.set_exception(OSError("gone"))
    with pytest.raises(OSError, match="gone"):
        shelf.get("a", lambda: failed).result()
    assert shelf.get("a", lambda: made("there")).result() == "there"


def test_what_was_made_elsewhere_takes_the_place_of_what_is_on_its_way():
    shelf, coming = shelf_of(), Future()
    asked = shelf.get("a", lambda: coming)
    shelf.put("a", "made")
    coming.set_result("late")
    assert (asked.result(0), shelf.find("a").result(0)) == ("late", "made")
    shelf.put("b", "too long for both")
    assert shelf.find("a") is None
