"""The commands that keep a workspace safe: backup and check."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from app.terminal import TerminalProgress
from app.workspace_options import add_workspace, open_workspace
from core.annotation.errors import StorageError


def add_backup(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("backup", help="copy a workspace, which may be in use, to another folder")
    add_workspace(parser)
    parser.add_argument(
        "--to-database",
        metavar="URL",
        help="put the copy's rows into this empty PostgreSQL database, to move there; without it they are in SQLite",
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="a new or an empty folder")
    parser.set_defaults(run_command=_backup)


def _backup(options: argparse.Namespace) -> int:
    from storage.backup import back_up

    with open_workspace(options) as workspace:
        made = back_up(workspace, options.out, database=options.to_database, progress=TerminalProgress)
    for trouble in made.troubles:
        print(f"maskwright: {trouble}", file=sys.stderr)
    lacking = f", but {len(made.troubles)} photos are missing or damaged" if made.troubles else ""
    print(f"{made.images} images are in {options.out}{lacking}")
    return 1 if made.troubles else 0


def add_check(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("check", help="look whether all of a workspace is there and whole")
    add_workspace(parser)
    parser.add_argument(
        "--repair", action="store_true", help="count and measure anew, delete what killed processes left"
    )
    parser.set_defaults(run_command=_check)


def _check(options: argparse.Namespace) -> int:
    from app.workflows.check import check

    try:
        workspace = open_workspace(options)
    except StorageError as error:
        if not options.workspace.is_dir():
            raise
        print(f"workspace {options.workspace}: {error}")
        return 1
    number = 0
    with workspace:
        for finding in check(workspace, repair=options.repair, progress=TerminalProgress):
            print(finding, flush=True)
            number += 1
    print(f"{number} findings" if number else f"{options.workspace} is whole")
    return 1 if number else 0
