"""Logging in and out as a browser without scripts does it."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.testclient import TestClient

from app.pages.login import local_path
from app.security import gate
from app.security.attempts import FREE_ELSEWHERE, FREE_HERE
from app.security.limits import MAX_FORM_BYTES
from tests.app.security.conftest import ADDRESS, PASSWORDS, log_in


def test_in_and_out(guarded):
    assert guarded.get("/api/v1/workspace").status_code == 401
    assert log_in(guarded, wanted="//evil.example").headers["location"] == "/"
    assert guarded.get("/api/v1/workspace").json()["user"] == "ann"
    assert guarded.get("/login").headers["location"] == "/"
    account = guarded.get("/account").text
    assert "<strong>ann</strong>" in account
    assert 'method="post" action="/logout"' in account
    out = guarded.post("/logout", headers={"Origin": ADDRESS})
    assert out.headers["location"] == "/login"
    assert guarded.get("/api/v1/workspace").status_code == 401


def test_neither_error_says_which_of_both_was_wrong(guarded):
    wrong, unknown = log_in(guarded, password="wrong"), log_in(guarded, "zoe", password="wrong")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.text.replace("ann", "zoe") == unknown.text
    assert '<p role="alert">The name or the password is wrong.</p>' in wrong.text
    assert "wrong</p>" not in wrong.text
    assert not wrong.cookies


def test_an_unknown_name_costs_the_same_work(guarded, monkeypatch):
    looked = []
    fits = gate.fits
    monkeypatch.setattr(gate, "fits", lambda password, kept: looked.append(kept) or fits(password, kept))
    log_in(guarded, "zoe", password="wrong")
    log_in(guarded, password="wrong")
    assert [kept is None for kept in looked] == [True, False]


def test_a_right_password_of_an_unknown_name_is_wrong(guarded):
    for name in ("", "zoe", "ann\x00", "ann:", "local"):
        assert log_in(guarded, name, password=PASSWORDS["ann"]).status_code == 401


def test_the_form_works_without_scripts_and_with_a_password_manager(guarded):
    answer = guarded.get("/login?next=/labels")
    for part in ('autocomplete="username"', 'autocomplete="current-password"', '<label for="name">', 'value="/labels"'):
        assert part in answer.text
    assert re.findall("<script[^>]*>", answer.text) == ['<script type="module" src="/ui/js/forget.mjs">']
    assert guarded.get("/ui/js/forget.mjs").status_code == 200
    assert answer.headers["clear-site-data"] == '"cache"'
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert guarded.get("/ui/css/login.css").status_code == 200


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "\n//evil.example",
        "/%0d%0aSet-Cookie: x\r\n",
        "javascript:alert(1)",
        "evil.example",
        "",
        "/login?next=/login",
        "/logout",
        "/" + "x" * 5_000,
        "//[",
    ],
)
def test_it_goes_on_to_pages_of_ours_alone(wanted):
    assert local_path(wanted) == "/"


@pytest.mark.parametrize("wanted", ["/", "/?image=7&state=done", "/data", "/labels?x=%2F%2Fevil.example", "/a//b"])
def test_it_goes_on_to_where_one_wanted(wanted):
    assert local_path(wanted) == wanted


def test_after_some_failures_one_waits_and_others_do_not(guarded):
    for number in range(FREE_HERE):
        assert log_in(guarded, password=f"wrong {number}").status_code == 401
    waiting = log_in(guarded)
    assert waiting.status_code == 429
    assert int(waiting.headers["retry-after"]) >= 1
    assert "Too many attempts failed; try again in" in waiting.text
    basic = guarded.get("/api/v1/workspace", auth=("ann", PASSWORDS["ann"]))
    assert basic.status_code == 429
    assert int(basic.headers["retry-after"]) >= 1
    assert log_in(guarded, "Bea Müller").status_code == 303


def test_a_script_with_an_old_password_holds_up_nobody(guarded):
    for _ in range(FREE_ELSEWHERE + FREE_HERE):
        assert guarded.get("/api/v1/workspace", auth=("ann", "an old one")).status_code == 401
    assert log_in(guarded, "Bea Müller").status_code == 303
    assert log_in(guarded).status_code == 303


def test_a_guesser_who_waits_does_not_learn_which_is_right(guarded):
    """Not even of a password that came in before, and is known without a look."""
    assert guarded.get("/api/v1/workspace", auth=("ann", PASSWORDS["ann"])).status_code == 200
    for number in range(FREE_HERE):
        assert guarded.get("/api/v1/workspace", auth=("ann", f"guess {number}")).status_code == 401
    for password in ("another guess", PASSWORDS["ann"]):
        assert guarded.get("/api/v1/workspace", auth=("ann", password)).status_code == 429


def test_attempts_sent_all_at_once_are_counted_one_by_one(peopled, guarded):
    with ThreadPoolExecutor(12) as pool:
        answers = [pool.submit(log_in, guarded, password=f"guess {number}") for number in range(40)]
        statuses = [answer.result().status_code for answer in answers]
    assert set(statuses) == {401, 429}
    assert statuses.count(401) <= FREE_HERE + 2


def test_eight_people_at_once_all_come_in(guarded):
    """A script with eight connections is not taken for eight attempts."""
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(guarded.get, "/api/v1/workspace", auth=("ann", PASSWORDS["ann"])) for _ in range(8)]
        assert [answer.result().status_code for answer in asked] == [200] * 8


@pytest.mark.parametrize("path", ["/login", "/logout"])
def test_another_sites_form_is_refused(guarded, path):
    form = {"name": "ann", "password": PASSWORDS["ann"]}
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = guarded.post(path, data=form, headers=headers)
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers


def test_a_huge_form_is_refused(guarded):
    answer = guarded.post("/login", content=b"name=" + b"x" * MAX_FORM_BYTES)
    assert answer.status_code == 413


def test_a_form_that_is_none_is_a_wrong_password(guarded):
    for body in (b"", b"\xff\xfe", b"name", b"&" * 20_000, b"name=ann&name=bea&password=%ff"):
        assert guarded.post("/login", content=body).status_code in (401, 429)


def test_a_form_of_many_fields_is_none(guarded):
    right = f"name=ann&password={PASSWORDS['ann']}".encode()
    assert guarded.post("/login", content=right + b"&more=1" * 20).status_code == 401
    assert guarded.post("/login", content=right).status_code == 303


def test_a_hostile_name_is_shown_as_text(guarded):
    answer = log_in(guarded, '"><script>alert(1)</script>${alert(2)}', password="x")
    assert "<script>" not in answer.text
    assert "&quot;&gt;&lt;script&gt;" in answer.text


def test_without_users_there_is_nothing_to_log_in_to(client: TestClient):
    assert client.get("/login?next=/labels", follow_redirects=False).headers["location"] == "/labels"
    account = client.get("/account").text
    assert "launch.py user add NAME" in account
    assert "/logout" not in account
