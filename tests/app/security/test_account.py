"""Changing one's own password."""

import re

import pytest
from starlette.testclient import TestClient

from app.security.attempts import FREE_HERE
from tests.app.security.conftest import ADDRESS, PASSWORDS, log_in

NEW = "staple of Köln"


def change(http, old=PASSWORDS["ann"], new=NEW, again=None):
    form = {"old": old, "new": new, "again": new if again is None else again}
    return http.post("/account", data=form, headers={"Origin": ADDRESS})


def test_a_new_password_holds_and_the_old_ones_log_ins_end(guarded):
    with TestClient(guarded.app, base_url=ADDRESS, follow_redirects=False) as other:
        log_in(guarded)
        log_in(other)
        answer = change(guarded)
        assert answer.status_code == 200
        assert '<p role="status">Your password is the new one from now on.</p>' in answer.text
        assert guarded.get("/api/v1/workspace").json()["user"] == "ann", "this browser goes on"
        assert other.get("/api/v1/workspace").status_code == 401
        assert log_in(other).status_code == 401
        assert log_in(other, password=NEW).status_code == 303


@pytest.mark.parametrize(
    ("sent", "status", "said"),
    [
        ({"old": "wrong"}, 403, "The password until now is another; nothing was changed."),
        ({"old": ""}, 403, "The password until now is another"),
        ({"again": "other"}, 422, "The two new passwords differ; nothing was changed."),
        ({"new": "short"}, 422, "at least 8 characters"),
        ({"new": ""}, 422, "at least 8 characters"),
    ],
)
def test_what_is_wrong_is_told_and_changes_nothing(guarded, sent, status, said):
    log_in(guarded)
    answer = change(guarded, **sent)
    assert answer.status_code == status
    assert said in re.search(r'<p role="alert">(.*?)</p>', answer.text)[1]
    assert "<details open>" in answer.text
    assert log_in(guarded).status_code == 303


def test_the_old_password_is_not_guessed_here_either(guarded):
    log_in(guarded)
    for number in range(FREE_HERE):
        assert change(guarded, old=f"guess {number}").status_code == 403
    answer = change(guarded)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1


def test_another_sites_form_changes_no_password(guarded):
    log_in(guarded)
    form = {"old": PASSWORDS["ann"], "new": NEW, "again": NEW}
    assert guarded.post("/account", data=form, headers={"Origin": "https://evil.example"}).status_code == 403
    assert log_in(guarded).status_code == 303


def test_without_users_there_is_no_password(client):
    answer = client.post("/account", data={"old": "", "new": NEW, "again": NEW})
    assert "launch.py user add NAME" in answer.text
