"""A folder takes another's place, in one step where the system can.

Where it cannot, the old folder is moved aside and the new one takes its name; a process killed between the two leaves
both beside the empty place, and `settle` ends what it began. Folders in the making are `.NAME.TOKEN.draft`, folders
moved aside `.NAME.TOKEN.old`. Whoever makes one holds a lock on it, so that nobody sweeps away what is still in use.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import os
import re
import secrets
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from core.annotation.files import sync_folder

# Where folders cannot be locked, age tells what is abandoned: nothing takes a day to make.
STALE_S = 86_400
_TOKEN_BYTES = 6
# Most systems allow 255.
_MOST_NAME_BYTES = 200
# linux/fs.h, sys/stdio.h of macOS.
_RENAME_EXCHANGE = 2
_RENAME_SWAP = 2
_AT_FDCWD = -100
# What systems answer that cannot exchange two folders, or not in this place.
_CANNOT = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP}
_DRAFT, _OLD = ".draft", ".old"


@contextmanager
def drafted(out: Path) -> Iterator[Path]:
    """A new folder beside `out`, whose parent folders are made; gone after the block unless `put_in_place` took it."""
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.with_name(f".{_short(out.name)}.{secrets.token_hex(_TOKEN_BYTES)}{_DRAFT}")
    try:
        draft.mkdir()
        with _locked(draft):
            try:
                yield draft
            finally:
                shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        # Whoever asked for `out` knows of no draft.
        if str(error.filename).startswith(str(draft)):
            error.filename = str(out)
        raise


def put_in_place(draft: Path, out: Path) -> None:
    """Give the draft the name `out`; the folder that has it, if any, is deleted once it is replaced.

    Both must be on the disk already. When this raises OSError, `out` is as it was.
    """
    if not out.exists():
        draft.rename(out)
        sync_folder(out.parent)
    elif exchange(draft, out):
        sync_folder(out.parent)
    else:
        _move_aside(draft, out)
    # After an exchange this is the old folder.
    shutil.rmtree(draft, ignore_errors=True)


def settle(out: Path) -> bool:
    """End what killed processes began at `out`: an empty place gets its folder, what nobody needs is deleted.

    False when some of it may still be in use by another process, or could not be deleted.
    """
    for old in _siblings(out, _OLD):
        with _seized(old) as abandoned:
            if abandoned:
                _end_move(old, out)
    for draft in _siblings(out, _DRAFT):
        with _seized(draft) as abandoned:
            if abandoned:
                shutil.rmtree(draft, ignore_errors=True)
    return not _siblings(out, _OLD) and not _siblings(out, _DRAFT)


def exchange(one: Path, other: Path) -> bool:
    """Exchange two folders of one file system in a single step; False, and nothing done, where that cannot be.

    renameat2(2) of Linux, renamex_np(2) of macOS.
    """
    if os.name != "posix":
        return False
    library = ctypes.CDLL(None, use_errno=True)
    first, second = os.fsencode(one), os.fsencode(other)
    if sys.platform == "darwin" and hasattr(library, "renamex_np"):
        status = library.renamex_np(first, second, _RENAME_SWAP)
    elif sys.platform == "linux" and hasattr(library, "renameat2"):
        status = library.renameat2(_AT_FDCWD, first, _AT_FDCWD, second, _RENAME_EXCHANGE)
    else:
        return False
    if status == 0:
        return True
    number = ctypes.get_errno()
    if number in _CANNOT:
        return False
    raise OSError(number, os.strerror(number), str(other))


def _move_aside(draft: Path, out: Path) -> None:
    aside = draft.with_suffix(_OLD)
    with _locked(out):
        out.rename(aside)
        try:
            draft.rename(out)
        except OSError:
            aside.rename(out)
            raise
        sync_folder(out.parent)
        shutil.rmtree(aside, ignore_errors=True)


def _end_move(old: Path, out: Path) -> None:
    if not out.exists():
        draft = old.with_suffix(_DRAFT)
        # The old folder was moved aside only when the draft was whole.
        (draft if draft.exists() else old).rename(out)
        sync_folder(out.parent)
    shutil.rmtree(old, ignore_errors=True)


def _short(name: str) -> str:
    """The name; of a long one the start and a hash, which leaves room for what a draft has beside it."""
    raw = os.fsencode(name)
    if len(raw) <= _MOST_NAME_BYTES:
        return name
    start = raw[: _MOST_NAME_BYTES // 2].decode(errors="ignore")
    return f"{start}~{hashlib.sha256(raw).hexdigest()[:16]}"


def _siblings(out: Path, kind: str) -> list[Path]:
    if not out.parent.is_dir():
        return []
    name = re.compile(rf"\.{re.escape(_short(out.name))}\.[0-9a-f]{{{2 * _TOKEN_BYTES}}}{re.escape(kind)}")
    return sorted(path for path in out.parent.iterdir() if name.fullmatch(path.name) and path.is_dir())


@contextmanager
def _seized(folder: Path) -> Iterator[bool]:
    """Hold the folder if nobody works on it any more; whether that is so."""
    with ExitStack() as holding:
        try:
            certain = holding.enter_context(_locked(folder))
            abandoned = certain or time.time() - folder.stat().st_mtime > STALE_S
        except (BlockingIOError, FileNotFoundError):  # in use, or swept by another process at this moment
            abandoned = False
        yield abandoned


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Hold the folder's lock, which goes with it when it is renamed; False where folders have none.

    Raises BlockingIOError when another process holds it.
    """
    if os.name != "posix":
        yield False
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        yield _lock(handle)
    finally:
        os.close(handle)


def _lock(handle: int) -> bool:
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:  # some network file systems
        return False
    return True
