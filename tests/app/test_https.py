"""A server that speaks HTTPS, with a certificate of its own making."""

import ssl
import subprocess

import httpx
import pytest

from app.cli import main
from tests.made import make_workspace
from tests.serving import START_TIMEOUT_S, serving


def make_certificate(folder, name="server", *options):
    certfile, keyfile = folder / f"{name}.pem", folder / f"{name}.key"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-days", "2"]
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    locking = options or ("-nodes",)
    subprocess.run(
        [*command, *subject, *locking, "-keyout", keyfile, "-out", certfile], check=True, capture_output=True
    )
    return certfile, keyfile


@pytest.mark.long
def test_it_answers_by_https_and_the_cookie_stays_encrypted(tmp_path):
    workspace, _ = make_workspace(tmp_path / "work", photos=1)
    workspace.close()
    certfile, keyfile = make_certificate(tmp_path)
    trusted = ssl.create_default_context(cafile=str(certfile))
    options = ["--no-model", "--api-only", "--ssl-certfile", str(certfile), "--ssl-keyfile", str(keyfile)]
    with serving(tmp_path / "work", *options) as server:
        assert server.url.startswith("https://")
        assert f"ready: {server.url}" in server.log
        command = ["user", "add", "ann", "--password-stdin", "--workspace", str(tmp_path / "work")]
        subprocess.run(
            [*server.launch, *command], input="correct horse\n", text=True, check=True, timeout=START_TIMEOUT_S
        )
        with httpx.Client(base_url=server.url, verify=trusted, headers={"Origin": server.url}) as http:
            while http.get("/api/v1/workspace").status_code != 401:
                pass
            answer = http.post("/login", data={"name": "ann", "password": "correct horse"})
            assert "; secure" in answer.headers["set-cookie"].lower()
            assert http.get("/api/v1/workspace").json()["user"] == "ann"
            assert "strict-transport-security" not in answer.headers


@pytest.mark.parametrize(
    ("certfile", "keyfile", "reason"),
    [
        ("server.pem", None, "--ssl-certfile needs --ssl-keyfile"),
        (None, "server.key", "--ssl-keyfile needs --ssl-certfile"),
        ("absent.pem", "server.key", "absent.pem cannot be read"),
        ("server.pem", "absent.key", "absent.key cannot be read"),
        ("server.pem", "other.key", "is not the key of the certificate"),
        ("server.key", "server.pem", "are no certificate and key in PEM"),
        ("notes.txt", "server.key", "are no certificate and key in PEM"),
        ("locked.pem", "locked.key", "locked.key is locked with a password"),
    ],
)
def test_what_no_server_can_use_is_named_before_the_start(tmp_path, capsys, certfile, keyfile, reason):
    make_certificate(tmp_path)
    make_certificate(tmp_path, "other")
    make_certificate(tmp_path, "locked", "-passout", "pass:secret")
    (tmp_path / "notes.txt").write_text("no certificate")
    options = ["--workspace", str(tmp_path / "work"), "--port", "0", "--no-model"]
    for option, name in (("--ssl-certfile", certfile), ("--ssl-keyfile", keyfile)):
        options += [option, str(tmp_path / name)] if name else []
    assert main(options) == 2
    said = capsys.readouterr().err
    assert reason in said
    assert len(said.splitlines()) == 1
    assert not (tmp_path / "work").exists()
