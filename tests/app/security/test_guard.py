"""Nothing but the log-in's own parts answers whoever is not logged in."""

import base64
import hashlib
import re
import time

import itsdangerous
import pytest
from fastapi.routing import APIRoute
from starlette.routing import Mount, Route
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from app.jobs import ProposalWorker
from app.security.guard import OPEN_PATHS
from app.security.sessions import LIFETIME, RENEWED_AFTER
from app.server import build_app
from app.services import Services
from app.settings import ServerSettings
from storage.corrections import history
from storage.persons import add_person, end_sessions, remove_person, session_secret, set_password
from tests.app.security.conftest import ADDRESS, PASSWORDS, app_over, log_in


def done(workspace, seq=1):
    return {"workspace": workspace.id, "client": "client-0001", "seq": seq, "base_revision": 0, "operation": "done"}


def every_path(routes, prefix=""):
    """(verb, path) of every route below, mounts and Gradio's own application included, each parameter as 1."""
    for route in routes:
        path = prefix + re.sub(r"{[^}]*}", "1", getattr(route, "path", ""))
        if isinstance(route, Mount):
            yield from every_path(route.routes or (), path)
        elif hasattr(route, "original_router"):
            yield from every_path(route.original_router.routes, path)
        elif isinstance(route, Route | APIRoute):
            yield from ((verb, path) for verb in sorted(route.methods or ()))


def test_no_route_answers_whoever_is_not_logged_in(peopled):
    services = Services(peopled, ProposalWorker(peopled, None))
    app = build_app(services, ServerSettings(no_model=True))
    asked = sorted({*every_path(app.routes), ("GET", "/ui/js/main.mjs"), ("GET", "/ui/css/base.css")})
    assert len(asked) > 60, "the routes were not found"
    assert sum(path.startswith("/gradio_api") for _, path in asked) > 20, "Gradio's routes were not found"
    with TestClient(app, base_url=ADDRESS, follow_redirects=False) as http:
        for verb, path in asked:
            if path in OPEN_PATHS:
                continue
            answer = http.request(verb, path)
            assert answer.status_code == 401, (verb, path)
            assert verb == "HEAD" or set(answer.json()) == {"error"}
            page = http.get(path, headers={"Accept": "text/html"})
            assert page.status_code == (401 if path.startswith("/api/") else 303), path
        for path in OPEN_PATHS:
            assert peopled.folder.name not in http.get(path).text
            assert "person" not in http.get(path).text


@pytest.mark.parametrize(
    "path", ["/login/", "/LOGIN", "//login", "/ui/css/login.css/", "/ui/css/../css/base.css", "/login/../"]
)
def test_what_looks_like_an_open_path_is_none(guarded, path):
    assert guarded.get(path).status_code == 401


def test_a_page_leads_to_the_log_in_and_back(guarded):
    answer = guarded.get("/?image=7", headers={"Accept": "text/html,*/*"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2F%3Fimage%3D7"
    assert answer.headers["cache-control"] == "no-store"
    form = guarded.get(answer.headers["location"])
    assert 'name="next" value="/?image=7"' in form.text
    assert log_in(guarded, wanted="/?image=7").headers["location"] == "/?image=7"


def test_a_websocket_is_closed(guarded):
    with pytest.raises(WebSocketDisconnect) as closed, guarded.websocket_connect("/queue/join"):
        pass
    assert closed.value.code == 1008


def test_the_name_that_logged_in_signs_corrections(guarded, peopled, furnished):
    assert log_in(guarded, "BEA MÜLLER", password=PASSWORDS["Bea Müller"]).status_code == 303
    assert guarded.get("/api/v1/workspace").json()["user"] == "Bea Müller"
    image = furnished[1].id
    guarded.post(f"/api/v1/images/{image}/corrections", json=done(peopled)).raise_for_status()
    with peopled.database.read() as session:
        assert history(session, image)[0].user == "Bea Müller"


def test_a_script_sends_name_and_password(guarded, peopled, furnished):
    image = furnished[1].id
    assert guarded.get("/api/v1/workspace", auth=("ann", "wrong")).status_code == 401
    answer = guarded.get("/api/v1/workspace", auth=("Ann", PASSWORDS["ann"]))
    assert answer.json()["user"] == "ann"
    assert not answer.cookies
    guarded.post(f"/api/v1/images/{image}/corrections", json=done(peopled), auth=("ann", PASSWORDS["ann"]))
    with peopled.database.read() as session:
        assert history(session, image)[0].user == "ann"
    assert guarded.get("/data", auth=("ann", PASSWORDS["ann"])).status_code == 401, "pages take the cookie alone"


@pytest.mark.parametrize(
    "header", ["Basic", "Basic !!!", "Basic /////w==", "Bearer correct", "Basic YW5u", "Basic \xe9", "\xe9", ""]
)
def test_a_broken_header_is_no_name_and_password(guarded, header):
    answer = guarded.get("/api/v1/workspace", headers={"Authorization": header.encode("latin-1")})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic")


def test_a_browser_is_not_made_to_ask_by_itself(guarded):
    assert guarded.get("/api/v1/workspace").headers["www-authenticate"] == 'Cookie realm="Maskwright"'


def test_the_cookie_is_kept_from_scripts_and_other_sites(guarded, peopled):
    given = log_in(guarded).headers["set-cookie"]
    assert given.startswith(f"maskwright-{peopled.id[:8]}=")
    parts = {part.strip().lower() for part in given.split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/", f"max-age={LIFETIME.days * 86400}"} <= parts
    assert "secure" not in parts
    assert PASSWORDS["ann"] not in given


def test_by_https_the_cookie_never_goes_without_encryption(peopled):
    with TestClient(app_over(peopled), base_url="https://127.0.0.1:7860", follow_redirects=False) as http:
        assert "; secure" in log_in(http).headers["set-cookie"].lower()
        assert http.get("/api/v1/workspace").status_code == 200


def forged(peopled, payload, *, secret=None, salt=None):
    with peopled.database.write() as session:
        own = session_secret(session)
    serializer = itsdangerous.URLSafeTimedSerializer(
        secret or own, salt=salt or f"maskwright.session.{peopled.id}", signer_kwargs={"digest_method": hashlib.sha256}
    )
    return serializer.dumps(payload)


def test_only_what_the_server_signed_counts(guarded, peopled):
    def answer(cookie):
        guarded.cookies.clear()
        return guarded.get("/api/v1/workspace", headers={"Cookie": f"maskwright-{peopled.id[:8]}={cookie}"}).status_code

    log_in(guarded)
    good = guarded.cookies[f"maskwright-{peopled.id[:8]}"]
    assert answer(good) == 200
    assert answer(forged(peopled, [1, 0, "a log-in"])) == 200, "the forger's own secret would be wrong below"
    payload, moment, signature = good.split(".")
    tampered = base64.urlsafe_b64encode(b"[2,0]").decode().rstrip("=")
    for bad in (
        "",
        "ann",
        good[:-1],
        good + "A",
        f"{tampered}.{moment}.{signature}",
        f"{payload}.{moment}x.{signature}",
        f"{payload}.{moment}.",
        forged(peopled, [1, 0, "a log-in"], secret="guessed"),
        forged(peopled, [1, 0, "a log-in"], salt="maskwright.session.another-workspace"),
        forged(peopled, [1, 1, "a log-in"]),
        forged(peopled, [99, 0, "a log-in"]),
        forged(peopled, ["ann", 0, "a log-in"]),
        forged(peopled, [1, 0]),
        forged(peopled, {}),
    ):
        assert answer(bad) == 401, bad


def test_a_month_without_a_visit_ends_the_session_and_a_day_of_use_begins_it_anew(guarded, peopled, monkeypatch):
    log_in(guarded)
    began = time.time()
    monkeypatch.setattr(time, "time", lambda: began + LIFETIME.total_seconds() - 60)
    renewed = guarded.get("/api/v1/workspace")
    assert "set-cookie" in renewed.headers
    monkeypatch.setattr(time, "time", lambda: began + 1.5 * LIFETIME.total_seconds())
    assert guarded.get("/api/v1/workspace").status_code == 200
    monkeypatch.setattr(time, "time", lambda: began + 3 * LIFETIME.total_seconds())
    assert guarded.get("/api/v1/workspace").status_code == 401


def kept_cookie(http, peopled):
    """The header of somebody who noted the cookie down."""
    name = f"maskwright-{peopled.id[:8]}"
    return {"Cookie": f"{name}={http.cookies[name]}"}


def test_a_log_in_that_was_ended_is_ended_for_good(guarded, peopled):
    """The cookie that somebody kept opens nothing, at this server and at the next; other log-ins go on."""
    with TestClient(guarded.app, base_url=ADDRESS) as other:
        log_in(guarded)
        log_in(other)
        kept, others = kept_cookie(guarded, peopled), kept_cookie(other, peopled)
        guarded.post("/logout", headers={"Origin": ADDRESS})
        assert guarded.get("/api/v1/workspace", headers=kept).status_code == 401
        assert other.get("/api/v1/workspace").status_code == 200
        restarted = TestClient(app_over(peopled), base_url=ADDRESS)
        assert restarted.get("/api/v1/workspace", headers=kept).status_code == 401
        assert restarted.get("/api/v1/workspace", headers=others).status_code == 200


def test_no_answer_renews_the_cookie_after_the_log_out(guarded, peopled, monkeypatch):
    log_in(guarded)
    kept = kept_cookie(guarded, peopled)
    began = time.time()
    monkeypatch.setattr(time, "time", lambda: began + 2 * RENEWED_AFTER.total_seconds())
    answer = guarded.post("/logout", headers={"Origin": ADDRESS})
    assert len(answer.headers.get_list("set-cookie")) == 1, "its own answer would give the cookie back"
    assert not guarded.cookies
    assert "set-cookie" not in guarded.get("/api/v1/workspace", headers=kept).headers


def test_a_renewed_cookie_is_of_the_same_log_in(guarded, peopled, monkeypatch):
    """What a poll under way brings back after the log-out is worth nothing either."""
    log_in(guarded)
    first = kept_cookie(guarded, peopled)
    began = time.time()
    monkeypatch.setattr(time, "time", lambda: began + 2 * RENEWED_AFTER.total_seconds())
    guarded.get("/api/v1/workspace")
    renewed = kept_cookie(guarded, peopled)
    assert renewed != first
    guarded.cookies.clear()
    guarded.post("/logout", headers={"Origin": ADDRESS, **first})
    assert guarded.get("/api/v1/workspace", headers=renewed).status_code == 401


def test_a_young_cookie_is_left_alone(guarded, monkeypatch):
    log_in(guarded)
    began = time.time()
    monkeypatch.setattr(time, "time", lambda: began + RENEWED_AFTER.total_seconds() / 2)
    assert "set-cookie" not in guarded.get("/api/v1/workspace").headers


@pytest.mark.parametrize(
    "change",
    [
        lambda session, hashes: set_password(session, "ann", hashes["Bea Müller"]),
        lambda session, _: end_sessions(session, "ann"),
        lambda session, _: remove_person(session, "ann"),
    ],
    ids=["another password", "logged out everywhere", "removed"],
)
def test_a_session_ends_for_one_person_alone(guarded, peopled, hashes, change):
    with TestClient(guarded.app, base_url=ADDRESS) as other:
        log_in(guarded)
        log_in(other, "Bea Müller")
        assert guarded.get("/api/v1/workspace", auth=("ann", PASSWORDS["ann"])).status_code == 200
        with peopled.database.write() as session:
            change(session, hashes)
        assert guarded.get("/api/v1/workspace").status_code == 401
        assert other.get("/api/v1/workspace").status_code == 200


def test_a_changed_password_ends_a_scripts_too(guarded, peopled, hashes):
    assert guarded.get("/api/v1/workspace", auth=("ann", PASSWORDS["ann"])).status_code == 200
    with peopled.database.write() as session:
        set_password(session, "ann", hashes["Bea Müller"])
    assert guarded.get("/api/v1/workspace", auth=("ann", PASSWORDS["ann"])).status_code == 401
    assert guarded.get("/api/v1/workspace", auth=("ann", PASSWORDS["Bea Müller"])).status_code == 200


def test_who_comes_back_after_a_removal_has_no_old_session(guarded, peopled, hashes):
    log_in(guarded)
    with peopled.database.write() as session:
        remove_person(session, "ann")
        add_person(session, "Ann", hashes["ann"])
    assert guarded.get("/api/v1/workspace").status_code == 401


def test_the_first_user_takes_effect_at_once_and_the_last_ones_end_too(client, furnished, hashes, monkeypatch):
    monkeypatch.setattr("app.security.known.FRESH_S", 0.0)
    workspace, _ = furnished
    assert client.get("/api/v1/workspace").json()["user"] == "local"
    with workspace.database.write() as session:
        add_person(session, "ann", hashes["ann"])
    assert client.get("/api/v1/workspace").status_code == 401
    with workspace.database.write() as session:
        remove_person(session, "ann")
    assert client.get("/api/v1/workspace").status_code == 200


def test_without_users_nobody_from_elsewhere_is_let_in(furnished):
    with TestClient(app_over(furnished[0], host="0.0.0.0"), base_url="http://labels.example") as http:  # noqa: S104
        assert http.get("/api/v1/workspace").status_code == 401


def test_without_users_the_log_in_says_what_to_run_and_leads_nowhere(furnished):
    with TestClient(app_over(furnished[0], host="0.0.0.0"), base_url="http://labels.example") as http:  # noqa: S104
        answer = http.get("/", headers={"Accept": "text/html"}, follow_redirects=True)
    assert answer.status_code == 403
    assert answer.url.path == "/login"
    assert "Nobody may log in" in answer.text
    assert "launch.py user add NAME" in answer.text


def test_a_database_that_cannot_be_read_lets_nobody_in(guarded, peopled, monkeypatch):
    log_in(guarded)
    path = peopled.database.path
    hidden = path.with_suffix(".away")
    peopled.database.engine.dispose()
    path.rename(hidden)
    path.mkdir()
    answer = guarded.get("/ui/js/main.mjs")
    path.rmdir()
    hidden.rename(path)
    assert answer.status_code == 503
    assert "cannot be opened" in answer.json()["error"]
