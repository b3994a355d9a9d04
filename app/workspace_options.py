"""The options that name a workspace and what it keeps elsewhere, the same for every command."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from app.settings import BLOBS_VARIABLE, DATABASE_VARIABLE, ServerSettings

if TYPE_CHECKING:
    from storage.workspace import Workspace


def add_workspace(
    parser: argparse.ArgumentParser | argparse._ArgumentGroup, *, default: Path | None = ServerSettings.workspace
) -> None:
    parser.add_argument("--workspace", type=Path, default=default, metavar="DIR", help="folder of the labelling work")
    parser.add_argument(
        "--database",
        metavar="URL",
        help=f"postgresql+psycopg://USER@HOST/NAME, in place of SQLite in the folder; "
        f"with a password better in {DATABASE_VARIABLE}",
    )
    parser.add_argument(
        "--blobs",
        metavar="ADDRESS",
        help=f"where photos are kept, in place of the folder: s3://… (or {BLOBS_VARIABLE})",
    )


def open_workspace(options: argparse.Namespace, *, create: bool = False) -> Workspace:
    """The workspace of `add_workspace`'s options."""
    from storage.workspace import Workspace

    return Workspace.open(
        options.workspace, database=given_database(options), blobs=given_blobs(options), create=create
    )


def given_database(options: argparse.Namespace) -> str | None:
    return options.database or os.environ.get(DATABASE_VARIABLE) or None


def given_blobs(options: argparse.Namespace) -> str | None:
    return options.blobs or os.environ.get(BLOBS_VARIABLE) or None
