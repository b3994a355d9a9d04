import pytest

from app import presence
from app.presence import KEPT_S, Presence, Present
from tests.clock import Clock


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def here(clock):
    return Presence(clock)


def test_each_is_told_once_an_image_and_the_asking_tab_apart(here):
    here.arrive("bea", "tab-1", 7)
    here.arrive("bea", "tab-2", 7)
    here.arrive("bea", "tab-3", None)
    here.arrive("ann", "tab-1", 7)
    here.arrive("ann", "tab-4", 7)
    assert here.people("ann", "tab-1") == (
        Present("ann", 7, you=False),
        Present("ann", 7, you=True),
        Present("bea", None, you=False),
        Present("bea", 7, you=False),
    )


def test_who_says_nothing_has_left(here, clock):
    here.arrive("ann", "tab-1", 7)
    clock.now_s += KEPT_S / 2
    here.arrive("bea", "tab-1", 7)
    clock.now_s += KEPT_S / 2
    assert here.people("bea", "tab-1") == (Present("bea", 7, you=True),)


def test_a_tab_moves_on_and_leaves(here):
    here.arrive("ann", "tab-1", 7)
    here.arrive("ann", "tab-1", 8)
    assert here.people("bea", "tab-9") == (Present("ann", 8, you=False),)
    here.leave("bea", "tab-1")
    assert len(here.people("bea", "tab-9")) == 1, "nobody leaves for another"
    here.leave("ann", "tab-1")
    here.leave("ann", "tab-1")
    assert here.people("bea", "tab-9") == ()


def test_a_flood_of_tabs_is_bounded_and_pushes_out_its_own_first(here, monkeypatch):
    monkeypatch.setattr(presence, "MOST_TABS_OF_ONE", 5)
    monkeypatch.setattr(presence, "MOST_TABS", 20)
    here.arrive("bea", "tab-1", 1)
    for number in range(50):
        here.arrive("ann", f"tab-{number}", number)
    told = here.people("bea", "tab-1")
    assert [one.image_id for one in told] == [45, 46, 47, 48, 49, 1]
    for number in range(100):
        here.arrive(f"user-{number}", "tab-1", number)
    assert len(here.people("bea", "tab-1")) == 20
