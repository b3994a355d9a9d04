import pytest

from core.annotation.errors import MaskwrightError
from storage.persons import (
    MAX_NAME_LENGTH,
    PersonError,
    add_person,
    end_sessions,
    find_person,
    has_persons,
    list_persons,
    remove_person,
    session_secret,
    set_password,
)


def test_people_come_change_and_go(database):
    with database.write() as session:
        assert not has_persons(session)
        bea = add_person(session, "  Bea Müller ", "hash-1")
        add_person(session, "ann", "hash-2")
    assert (bea.name, bea.sessions) == ("Bea Müller", 0)
    with database.write() as session:
        assert has_persons(session)
        assert [person.name for person in list_persons(session)] == ["ann", "Bea Müller"]
        set_password(session, "bea müller", "hash-3")
        end_sessions(session, "Bea Müller")
    with database.write() as session:
        changed = find_person(session, "BEA MÜLLER")
        assert (changed.id, changed.password_hash, changed.sessions) == (bea.id, "hash-3", 2)
        assert find_person(session, "ann").sessions == 0
        remove_person(session, "ann")
        assert [person.name for person in list_persons(session)] == ["Bea Müller"]
        with pytest.raises(PersonError, match="nobody is called 'ann'"):
            find_person(session, "ann")


def test_who_comes_back_is_the_person_whom_the_log_names(database):
    with database.write() as session:
        first = add_person(session, "Ann", "old")
        remove_person(session, "Ann")
        again = add_person(session, "ANN", "new")
        assert (again.id, again.name, again.password_hash) == (first.id, "Ann", "new")
        assert again.sessions > first.sessions, "an old cookie would be good again"
        with pytest.raises(PersonError, match="Ann is there already"):
            add_person(session, "ann", "x")


@pytest.mark.parametrize("other", ["ann", "ANN", " Ann ", "\uff21nn", "Ａｎｎ"])
def test_names_that_look_the_same_are_one(database, other):
    with database.write() as session:
        add_person(session, "Ann", "x")
        with pytest.raises(PersonError, match="Ann is there already"):
            add_person(session, other, "y")


@pytest.mark.parametrize(
    "name",
    ["", "  ", "a:b", "a\nb", "a\x00b", "a\u202eb", "\ud800", "x" * (MAX_NAME_LENGTH + 1), "local", "LOCAL", " Local "],
)
def test_what_cannot_be_a_name_is_refused(database, name):
    with pytest.raises(MaskwrightError, match="choose another"), database.write() as session:
        add_person(session, name, "x")


def test_the_secret_is_made_once(database):
    with database.write() as session:
        made = session_secret(session)
    assert len(bytes.fromhex(made)) == 32
    with database.write() as session:
        assert session_secret(session) == made
