"""The people who may log in, as the command line keeps them; and what a server asks before it starts."""

import contextlib
import io
import os
import pty
import subprocess
import sys

import pytest

from app.cli import main
from app.security.passwords import fits
from storage.persons import find_person
from storage.workspace import Workspace
from tests.serving import PROJECT

PASSWORD = "correct horse"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "work"


@pytest.fixture
def user(folder, capsys, monkeypatch):
    """Calls `launch.py user …`; gives the exit status, what was printed, and what was complained."""

    def call(*arguments, sent=""):
        monkeypatch.setattr(sys, "stdin", io.StringIO(sent))
        status = main(["user", *arguments, "--workspace", str(folder)])
        said = capsys.readouterr()
        return status, said.out, said.err

    return call


def person(folder, name):
    with Workspace.open(folder) as workspace, workspace.database.read() as session:
        return find_person(session, name)


def test_from_the_first_to_the_last(user, folder):
    status, said, _ = user("add", "Ann", "--password-stdin", sent=f"{PASSWORD}\nmore\n")
    assert (status, said.splitlines()) == (
        0,
        ["Ann may log in", "from now on everybody has to log in, at this machine too"],
    )
    assert fits(PASSWORD, person(folder, "ann").password_hash)
    user("add", "bea", "--password-stdin", sent="battery staple\r\n")
    assert fits("battery staple", person(folder, "bea").password_hash)
    assert [line.split("\t")[0] for line in user("list")[1].splitlines()] == ["Ann", "bea"]
    assert user("password", "ann", "--password-stdin", sent="another one")[0] == 0
    assert fits("another one", person(folder, "ann").password_hash)
    before = person(folder, "ann").sessions
    assert user("log-out", "ann")[1] == "Ann has to log in again everywhere\n"
    assert person(folder, "ann").sessions == before + 1
    user("remove", "ann")
    assert "nobody is left" in user("remove", "bea")[1]
    assert "nobody has to log in" in user("list")[1]


@pytest.mark.parametrize(
    ("arguments", "sent", "reason"),
    [
        (["add", "ann"], "", "send it with --password-stdin"),
        (["add", "ann", "--password-stdin"], "short\n", "at least 8 characters"),
        (["add", "a:b", "--password-stdin"], PASSWORD, "'a:b'"),
        (["add", "local", "--password-stdin"], PASSWORD, "without logging in"),
        (["add", "Bea", "--password-stdin"], PASSWORD, "Bea is there already"),
        (["password", "zoe", "--password-stdin"], PASSWORD, "nobody is called 'zoe'"),
        (["remove", "zoe"], "", "nobody is called 'zoe'"),
        (["log-out", "zoe"], "", "nobody is called 'zoe'"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(user, arguments, sent, reason):
    user("add", "Bea", "--password-stdin", sent=PASSWORD)
    status, _, error = user(*arguments, sent=sent)
    assert status == 2
    assert reason in error
    assert len(error.splitlines()) == 1
    assert PASSWORD not in error
    assert user("list")[1].count("\n") == 1


def test_a_password_is_no_argument(user, capsys):
    with pytest.raises(SystemExit):
        user("add", "ann", "--password", PASSWORD)


@pytest.mark.parametrize(
    ("typed", "status", "said"),
    [
        ([PASSWORD, PASSWORD], 0, "ann may log in"),
        ([PASSWORD, "correct hoarse"], 2, "the two passwords differ"),
    ],
)
def test_at_a_terminal_it_is_asked_for_twice_and_not_shown(folder, typed, status, said):
    ours, its = pty.openpty()
    command = [sys.executable, "launch.py", "user", "add", "ann", "--workspace", str(folder)]
    process = subprocess.Popen(command, cwd=PROJECT, stdin=its, stdout=its, stderr=its, start_new_session=True)
    os.close(its)
    shown = b""
    for prompt, line in zip((b"Password for ann: ", b"Once more: "), typed, strict=True):
        while prompt not in shown:
            shown += os.read(ours, 1_000)
        os.write(ours, f"{line}\n".encode())
    # Linux tells the terminal's end by an error.
    with contextlib.suppress(OSError):
        while more := os.read(ours, 1_000):
            shown += more
    os.close(ours)
    assert process.wait(timeout=120) == status
    assert said.encode() in shown
    assert PASSWORD.encode() not in shown


def test_a_server_that_others_reach_needs_a_user_and_says_how(tmp_path, folder, capsys, monkeypatch):
    monkeypatch.delenv("MASKWRIGHT_PASSWORD", raising=False)
    options = ["--workspace", str(folder), "--port", "0", "--no-model"]
    for others in (["--host", "0.0.0.0"], ["--allowed-host", "labels.example"]):  # noqa: S104
        assert main([*options, *others]) == 2
        assert f"python launch.py user add NAME --workspace {folder}" in capsys.readouterr().err


def test_the_one_password_of_earlier_releases_is_not_silently_forgotten(folder, capsys, monkeypatch):
    monkeypatch.setenv("MASKWRIGHT_PASSWORD", "secret")
    assert main(["--workspace", str(folder), "--port", "0", "--no-model"]) == 2
    said = capsys.readouterr().err
    assert "MASKWRIGHT_PASSWORD is no longer used" in said
    assert "user add NAME" in said
    assert "secret" not in said
