import pytest
from starlette.testclient import TestClient

from app.settings import ServerSettings
from core.annotation.errors import MaskwrightError
from tests.app.security.conftest import app_over


def done(workspace):
    return {"workspace": workspace.id, "client": "client-0001", "seq": 1, "base_revision": 0, "operation": "done"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "http://127.0.0.1:7860@evil.example"},
    ],
)
def test_another_sites_page_cannot_correct(client, furnished, headers):
    answer = client.post(f"/api/v1/images/{furnished[1].id}/corrections", json=done(furnished[0]), headers=headers)
    assert answer.status_code == 403
    assert client.get(f"/api/v1/images/{furnished[1].id}").json()["revision"] == 0


def test_the_page_itself_can_correct(client, furnished):
    headers = {"Origin": "http://127.0.0.1:7860", "Sec-Fetch-Site": "same-origin"}
    answer = client.post(f"/api/v1/images/{furnished[1].id}/corrections", json=done(furnished[0]), headers=headers)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("served", "origin", "status"),
    [
        ("https://127.0.0.1:7860", "https://127.0.0.1:7860", 200),
        ("https://127.0.0.1:7860", "http://127.0.0.1:7860", 403),
        ("http://127.0.0.1:7860", "https://127.0.0.1:7860", 200),
    ],
    ids=["encrypted", "a page that anybody may have written", "through a proxy that encrypts"],
)
def test_a_page_that_came_unencrypted_cannot_correct_by_https(furnished, served, origin, status):
    workspace, image = furnished
    with TestClient(app_over(workspace), base_url=served) as http:
        answer = http.post(f"/api/v1/images/{image.id}/corrections", json=done(workspace), headers={"Origin": origin})
    assert answer.status_code == status


def test_another_site_cannot_read_but_a_link_opens(client):
    assert client.get("/api/v1/workspace", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert client.get("/api/v1/workspace", headers=link).status_code == 200


def test_a_host_name_that_is_not_ours_is_refused(client):
    for host in ("rebound.example", "127.0.0.1.rebound.example", "rebound.example:7860", "x@127.0.0.1", ""):
        answer = client.get("/api/v1/workspace", headers={"Host": host})
        assert answer.status_code == 400, host
        assert "this host is not served" in answer.json()["error"]
    for host in ("LocalHost:80", "127.0.0.1"):
        assert client.get("/api/v1/workspace", headers={"Host": host}).status_code == 200


def test_behind_a_proxy_its_names_are_allowed_and_users_are_needed(furnished):
    app = app_over(furnished[0], allowed_hosts=("labels.example",))
    with TestClient(app, base_url="http://labels.example") as http:
        assert http.get("/api/v1/workspace").status_code == 401
        assert http.get("/api/v1/workspace", headers={"Host": "other.example"}).status_code == 400
    with TestClient(app_over(furnished[0], allowed_hosts=("localhost",)), base_url="http://localhost") as http:
        assert http.get("/api/v1/workspace").status_code == 200


def test_on_another_address_any_name_is_allowed_until_some_are_named():
    assert not ServerSettings(host="0.0.0.0").own_hosts  # noqa: S104
    named = ServerSettings(host="192.0.2.1", allowed_hosts=("labels.example",))
    assert named.own_hosts == {"127.0.0.1", "localhost", "192.0.2.1", "labels.example"}
    assert named.others_come
    assert not ServerSettings().others_come


@pytest.mark.parametrize("name", ["https://labels.example", "labels.example:443", "", "a b", "labels.example/x", "*"])
def test_what_is_no_hosts_name_is_refused(name):
    with pytest.raises(MaskwrightError, match="--allowed-host is a host's name"):
        ServerSettings(allowed_hosts=(name,))


def test_no_other_site_shows_a_page_in_its_own(client):
    assert client.get("/login").headers["x-frame-options"] == "SAMEORIGIN"


def test_a_body_over_the_limit_is_refused_before_it_is_read_whole(client, furnished):
    def endless():
        for _ in range(100):
            yield b"x" * 1_000_000

    answer = client.post(f"/api/v1/images/{furnished[1].id}/corrections", content=endless())
    assert answer.status_code == 413


@pytest.mark.parametrize("path", ["/ui/js/../../../launch.py", "/ui/js/%2e%2e/%2e%2e/launch.py", "/ui/css/..%2fmodels"])
def test_page_files_stay_in_their_folders(client, path):
    assert client.get(path).status_code == 404
