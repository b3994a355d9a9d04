import pytest
from starlette.testclient import TestClient

from app.jobs import ProposalWorker
from app.server import build_app
from app.services import Services
from app.settings import ServerSettings
from core.annotation.errors import MaskwrightError
from storage.corrections import history


def done(workspace):
    return {"workspace": workspace.id, "client": "client-0001", "seq": 1, "base_revision": 0, "operation": "done"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://127.0.0.1:9999"},
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


def test_a_body_over_the_limit_is_refused_before_it_is_read_whole(client, furnished):
    def endless():
        for _ in range(100):
            yield b"x" * 1_000_000

    answer = client.post(f"/api/v1/images/{furnished[1].id}/corrections", content=endless())
    assert answer.status_code == 413


@pytest.mark.parametrize("path", ["/ui/js/../../../launch.py", "/ui/js/%2e%2e/%2e%2e/launch.py", "/ui/css/..%2fmodels"])
def test_page_files_stay_in_their_folders(client, path):
    assert client.get(path).status_code == 404


def test_another_address_than_loopback_needs_a_password():
    with pytest.raises(MaskwrightError, match="MASKWRIGHT_PASSWORD"):
        ServerSettings(host="0.0.0.0")  # noqa: S104
    assert ServerSettings(host="0.0.0.0", password="x").password == "x"  # noqa: S104


def test_with_a_password_everything_asks_for_it_and_the_name_is_stored(furnished):
    workspace, image = furnished
    services = Services(workspace, ProposalWorker(workspace, None))
    settings = ServerSettings(host="0.0.0.0", password="s3cret", api_only=True, no_model=True)  # noqa: S104
    with TestClient(build_app(services, settings)) as http:
        for path in ("/api/v1/workspace", f"/api/v1/images/{image.id}/photo", "/ui/js/main.mjs"):
            assert http.get(path).json() == {"error": "a name and the password are needed"}
            assert http.get(path, auth=("ann", "wrong")).status_code == 401
            assert http.get(path, auth=("ann", "s3cret")).status_code == 200
        for header in ("Basic", "Basic !!!", "Basic /////w==", "Bearer s3cret"):
            assert http.get("/api/v1/workspace", headers={"Authorization": header}).status_code == 401
        http.post(
            f"/api/v1/images/{image.id}/corrections", json=done(workspace), auth=("ann", "s3cret")
        ).raise_for_status()
        with workspace.database.read() as session:
            assert history(session, image.id)[0].user == "ann"
