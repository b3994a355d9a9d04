"""How an export appears: whole, at once, and only in a place that is free or holds an earlier export."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.workflows.exporting.report import REPORT_FILE
from core.annotation.errors import FormatError
from core.annotation.files import sync_folder, write_atomically
from core.annotation.swap import drafted, put_in_place, settle
from storage.blobs import BlobStore
from storage.workspace import Workspace

# In the workspace: the places that exports are about to appear in, so that the next start can end what a kill cut.
PENDING_FOLDER = "exports"


@contextmanager
def appears_whole(workspace: Workspace, out: Path, *, replace: bool) -> Iterator[Path]:
    """A draft folder beside `out` that takes its name when the block ends well and is gone when it does not.

    Raises FormatError for a place that holds something else, or the workspace, or is in it.
    """
    _check_apart(workspace, out)
    settle(out)
    _check_free(out, replace)
    with _pending(workspace, out), drafted(out) as draft:
        yield draft
        _sync(draft)
        _check_free(out, replace)
        put_in_place(draft, out)


def settle_exports(workspace: Workspace) -> None:
    """End what killed exports of this workspace began; called at a start. A place out of reach is left for later."""
    folder = workspace.folder / PENDING_FOLDER
    if not folder.is_dir():
        return
    for note in sorted(folder.glob("*.json")):
        try:
            out = Path(json.loads(note.read_bytes())["out"])
            if out.parent.is_dir() and settle(out):
                note.unlink(missing_ok=True)
        except OSError:
            continue


@contextmanager
def _pending(workspace: Workspace, out: Path) -> Iterator[None]:
    folder = workspace.folder / PENDING_FOLDER
    folder.mkdir(exist_ok=True)
    note = folder / f"{secrets.token_hex(6)}.json"
    with write_atomically(note) as file:
        file.write(json.dumps({"out": str(out)}).encode())
    try:
        yield
    finally:
        # What could not be cleaned up is tried again at the next start.
        if settle(out):
            note.unlink(missing_ok=True)


def _check_apart(workspace: Workspace, out: Path) -> None:
    kept = [workspace.folder]
    if isinstance(workspace.blobs, BlobStore):
        kept.append(workspace.blobs.folder)
    for folder in (place.resolve() for place in kept):
        if folder.is_relative_to(out) or out.is_relative_to(folder):
            raise FormatError(f"{out} is not apart from {folder}, where the workspace is; name a folder elsewhere")


def _check_free(out: Path, replace: bool) -> None:
    above = next(place for place in out.parents if place.exists())
    if not above.is_dir():
        raise FormatError(f"{above} is a file, so that it can hold no {out.name}; name a folder elsewhere")
    if not out.exists():
        return
    if not out.is_dir():
        raise FormatError(f"{out} is a file; name a new folder for the export")
    if not any(out.iterdir()):
        return
    if not replace:
        raise FormatError(f"{out} is not empty; name a new folder, or replace the export that it holds")
    written = _written(out)
    if not written:
        raise FormatError(f"{out} holds no earlier export ({REPORT_FILE} is missing) and is kept; name a new folder")
    others = sorted({path.name for path in out.iterdir()} - written)
    if others:
        raise FormatError(
            f"{out} holds what no export wrote, {', '.join(others):.300}, and is kept; move that elsewhere first"
        )


def _written(out: Path) -> set[str]:
    """What the export that a folder holds wrote there, without what is deeper; empty where its report is not whole."""
    try:
        return {name.partition("/")[0] for name in json.loads((out / REPORT_FILE).read_bytes())["files"]}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return set()


def _sync(draft: Path) -> None:
    for folder, _, _ in os.walk(draft):
        sync_folder(Path(folder))
