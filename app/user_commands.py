"""The commands about the people who may log in."""

from __future__ import annotations

import argparse
import getpass
import sys

from app.workspace_options import add_workspace, open_workspace
from core.annotation.errors import MaskwrightError
from storage.persons import (
    add_person,
    check_new_name,
    end_sessions,
    find_person,
    has_persons,
    list_persons,
    remove_person,
    set_password,
)


def add_user(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("user", help="say who may log in; once there is somebody, everybody has to")
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for verb, run, said in (
        ("add", _add, "let somebody log in; asks for their password"),
        ("password", _password, "give somebody another password, and log them out everywhere"),
        ("log-out", _log_out, "log somebody out everywhere"),
        ("remove", _remove, "let somebody log in no more; what they did stays in the log"),
    ):
        one = _verb(verbs, verb, run, said)
        one.add_argument("name", metavar="NAME")
        if verb in ("add", "password"):
            one.add_argument("--password-stdin", action="store_true", help="take the password from the first line sent")
    _verb(verbs, "list", _list, "tell who may log in")


def _verb(
    verbs: argparse._SubParsersAction[argparse.ArgumentParser], name: str, run: object, said: str
) -> argparse.ArgumentParser:
    parser = verbs.add_parser(name, help=said)
    add_workspace(parser)
    parser.set_defaults(run_command=run)
    return parser


def _add(options: argparse.Namespace) -> int:
    from app.security.passwords import hash_password

    with open_workspace(options, create=True) as workspace:
        with workspace.database.read() as session:
            check_new_name(session, options.name)
        password_hash = hash_password(_ask_password(options))
        with workspace.database.write() as session:
            first = not has_persons(session)
            person = add_person(session, options.name, password_hash)
    print(f"{person.name} may log in")
    if first:
        print("from now on everybody has to log in, at this machine too")
    return 0


def _password(options: argparse.Namespace) -> int:
    from app.security.passwords import hash_password

    with open_workspace(options) as workspace:
        with workspace.database.read() as session:
            find_person(session, options.name)
        password_hash = hash_password(_ask_password(options))
        with workspace.database.write() as session:
            person = set_password(session, options.name, password_hash)
    print(f"{person.name} has another password, and has to log in again everywhere")
    return 0


def _log_out(options: argparse.Namespace) -> int:
    with open_workspace(options) as workspace, workspace.database.write() as session:
        person = end_sessions(session, options.name)
    print(f"{person.name} has to log in again everywhere")
    return 0


def _remove(options: argparse.Namespace) -> int:
    with open_workspace(options) as workspace, workspace.database.write() as session:
        person = remove_person(session, options.name)
        last = not has_persons(session)
    print(f"{person.name} may log in no more")
    if last:
        print("nobody is left: everybody at this machine is let in, and nobody from another")
    return 0


def _list(options: argparse.Namespace) -> int:
    with open_workspace(options) as workspace, workspace.database.read() as session:
        persons = list_persons(session)
    for person in persons:
        print(f"{person.name}\tsince {person.added_at:%Y-%m-%d}")
    if not persons:
        print("nobody has to log in; `user add NAME` lets the first one in")
    return 0


def _ask_password(options: argparse.Namespace) -> str:
    """From a terminal twice, so that a slip is seen; never an argument, which every list of processes shows."""
    if options.password_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise MaskwrightError("there is no terminal to ask for the password; send it with --password-stdin")
    password = getpass.getpass(f"Password for {options.name}: ")
    if getpass.getpass("Once more: ") != password:
        raise MaskwrightError("the two passwords differ; nothing was changed")
    return password
