import pytest

from app.security import attempts
from app.security.attempts import (
    FORGIVEN_AFTER_S,
    FREE_ELSEWHERE,
    FREE_HERE,
    LONGEST_FOR_NAME_S,
    LONGEST_HERE_S,
    Attempts,
    place_of,
)
from tests.clock import Clock

HERE, THERE = "192.0.2.1", "198.51.100.7"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def tried(clock):
    return Attempts(clock)


def fail(tried, times, name="ann", address=HERE):
    for _ in range(times):
        tried.failed(name, address)


def test_slips_cost_nothing_and_then_each_wait_doubles(tried, clock):
    fail(tried, FREE_HERE - 1)
    assert tried.wait_s("ann", HERE) == 0
    waits = []
    for _ in range(12):
        tried.failed("ann", HERE)
        waits.append(tried.wait_s("ann", HERE))
        clock.now_s += waits[-1]
        assert tried.wait_s("ann", HERE) == 0
    assert waits[:5] == [1, 2, 4, 8, 16]
    assert waits[-1] == LONGEST_HERE_S


def test_others_at_the_same_address_and_the_same_name_elsewhere_go_on(tried):
    fail(tried, FREE_HERE + 2)
    assert tried.wait_s("ann", HERE) > 0
    assert tried.wait_s("bea", HERE) == 0
    assert tried.wait_s("ann", THERE) == 0


def test_one_address_cannot_try_name_after_name(tried):
    for number in range(FREE_ELSEWHERE + 3):
        tried.failed(f"name-{number}", HERE)
    assert tried.wait_s("another", HERE) > 0
    assert tried.wait_s("another", THERE) == 0


def test_a_name_that_many_try_is_slowed_down_and_never_shut(tried, clock):
    for number in range(500):
        tried.failed("ann", f"203.0.113.{number % 250}")
    assert 0 < tried.wait_s("ann", THERE) <= LONGEST_FOR_NAME_S
    clock.now_s += LONGEST_FOR_NAME_S
    assert tried.wait_s("ann", THERE) == 0


def test_where_the_owner_came_in_before_nobody_elsewhere_holds_them_up(tried):
    tried.came_in("ann", HERE)
    for number in range(500):
        tried.failed("ann", f"203.0.113.{number % 250}")
    assert tried.wait_s("ann", HERE) == 0
    assert tried.wait_s("ann", THERE) > 0


def test_coming_in_forgets_the_slips(tried):
    fail(tried, FREE_HERE - 1)
    tried.came_in("ann", HERE)
    fail(tried, FREE_HERE - 1)
    assert tried.wait_s("ann", HERE) == 0


def test_failures_are_forgotten_one_by_one(tried, clock):
    fail(tried, 500)
    clock.now_s += 11 * FORGIVEN_AFTER_S
    tried.failed("ann", HERE)
    assert tried.wait_s("ann", HERE) == 0
    fail(tried, 1)
    assert tried.wait_s("ann", HERE) > 0, "not all of them at once"


def test_the_slips_of_an_office_in_a_day_do_not_add_up(tried, clock):
    for number in range(100):
        tried.failed(f"name-{number}", HERE)
        assert tried.wait_s("another", HERE) == 0, number
        clock.now_s += 1_200


def test_slips_before_coming_in_count_for_nobody(tried):
    for number in range(3 * FREE_ELSEWHERE):
        tried.failed(f"name-{number}", HERE)
        tried.came_in(f"name-{number}", HERE)
        assert tried.wait_s("another", HERE) == 0, number


def test_coming_in_takes_back_no_failures_on_other_names(tried):
    for number in range(2 * FREE_ELSEWHERE):
        tried.failed(f"name-{number}", HERE)
        tried.came_in("ann", HERE)
    assert tried.wait_s("another", HERE) > 0


def test_who_came_in_here_before_is_not_held_up_by_others_at_this_place(tried):
    tried.came_in("ann", HERE)
    for number in range(2 * FREE_ELSEWHERE):
        tried.failed(f"name-{number}", HERE)
    assert tried.wait_s("ann", HERE) == 0
    fail(tried, FREE_HERE)
    assert tried.wait_s("ann", HERE) > 0, "guesses on their own name still hold up"


def test_a_flood_of_names_and_addresses_takes_no_more_memory(tried, monkeypatch):
    monkeypatch.setattr(attempts, "MOST_KEPT", 50)
    for number in range(500):
        tried.failed(f"name-{number}", f"203.0.{number // 250}.{number % 250}")
        tried.came_in(f"name-{number}", f"203.0.{number // 250}.{number % 250}")
    sizes = [len(counter._failures) for counter in (tried._here, tried._of_place, tried._of_name)]
    assert max(*sizes, len(tried._trusted)) <= 50


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_a_household_of_ipv6_is_one_place(address, place):
    assert place_of(address) == place
