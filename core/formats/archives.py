"""Zips, unpacked with care: an archive is a stranger's, and its own words about itself are not trusted."""

from __future__ import annotations

import lzma
import shutil
import stat
import struct
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO

from core.annotation.errors import FormatError
from core.formats.places import inside

# Ten times the largest labelled sets in common use; a file system slows down long before.
MAX_FILES = 2_000_000
# The names of that many files; they are all read at once.
MAX_DIRECTORY_BYTES = 268_435_456
# JSON of RLE shrinks tenfold, flat label PNG hardly; past the first part only a bomb shrinks like that.
MAX_RATIO = 100
RATIO_COUNTS_FROM_BYTES = 268_435_456
# Left on the disk for the database and the photos' own copies.
SPARE_BYTES = 268_435_456
_CHUNK_BYTES = 1_048_576
# What systems add to a zip by themselves.
_LITTER = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini")

# What the standard library raises of a zip that is not as it should be.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    UnicodeDecodeError,
)

_MEMBER = b"PK\3\4"
_END = struct.Struct("<4s4H2LH")
_END64_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")


def is_archive(path: Path) -> bool:
    """Whether the path is a zip file, by its content. Raises FormatError for one that has no end: a file that is
    named as a zip, or begins as one."""
    try:
        if not path.is_file() or zipfile.is_zipfile(path):
            return path.is_file()
        with path.open("rb") as file:
            start = file.read(len(_MEMBER))
    except OSError as error:
        raise FormatError(f"{path} cannot be read ({error.strerror}); check that it may be read") from error
    named = path.suffix.lower() == ".zip"
    if named and not start:
        raise FormatError(f"{path.name}: the zip is empty; copy it again from where it came")
    if named or start == _MEMBER:
        raise FormatError(f"{path.name}: the zip is cut short or damaged; copy it again, or make it again")
    return False


def unpack(path: Path, folder: Path) -> None:
    """Unpack the zip into the new folder. Raises FormatError, with what is wrong with the zip, for one that has links,
    names that lead out, one name twice, locked files, or more than a data set has; the folder may be half full then."""
    folder.mkdir(parents=True)
    try:
        if _directory_bytes(path) > MAX_DIRECTORY_BYTES:
            raise FormatError(f"{path.name}: its list of files has more than {MAX_DIRECTORY_BYTES} bytes; split it up")
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not _is_litter(member.filename)]
            _check(path, members, shutil.disk_usage(folder).free)
            _unpack(archive, members, folder, path)
    except _DAMAGE as error:
        raise FormatError(f"{path.name}: the zip is damaged or of a kind not read ({error}); make it again") from error
    except OSError as error:
        raise FormatError(f"{path.name}: cannot be unpacked ({error.strerror}); look at the disk's space") from error


def _directory_bytes(path: Path) -> int:
    """The size of the archive's list of files, as its end says (APPNOTE.TXT 4.3.14–16)."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        start = max(0, size - _END.size - 65_535)
        file.seek(start)
        tail = file.read()
        at = tail.rfind(b"PK\5\6")
        if at < 0 or at + _END.size > len(tail):
            raise zipfile.BadZipFile("it has no end")
        listed: int = _END.unpack_from(tail, at)[5]
        locator_at = start + at - _END64_LOCATOR.size
        if locator_at < 0:
            return listed
        file.seek(locator_at)
        mark, _, end64_at, _ = _END64_LOCATOR.unpack(file.read(_END64_LOCATOR.size))
        if mark != b"PK\6\7":
            return listed
        file.seek(min(end64_at, size))
        end64: int = _END64.unpack(file.read(_END64.size))[8]
        return max(listed, end64)


def _is_litter(name: str) -> bool:
    return any(part in _LITTER for part in name.split("/"))


def _check(path: Path, members: list[zipfile.ZipInfo], free_bytes: int) -> None:
    """All that can be known before a byte is unpacked."""
    if len(members) > MAX_FILES:
        raise FormatError(f"{path.name}: {len(members)} files, more than {MAX_FILES}; split it up")
    total = sum(member.file_size for member in members)
    if total > free_bytes - SPARE_BYTES:
        raise FormatError(f"{path.name}: unpacks to {total} bytes, and the disk has {free_bytes} free; free some space")
    names: set[str] = set()
    for member in members:
        _check_member(path, member)
        name = member.filename.rstrip("/")
        if name in names:
            raise FormatError(f"{path.name}: {member.filename!r:.120} is in it twice; make it again")
        names.add(name)


def _check_member(path: Path, member: zipfile.ZipInfo) -> None:
    what = f"{path.name}: {member.filename!r:.120}"
    if member.flag_bits & 0x1:
        raise FormatError(f"{what} is locked with a password; make the zip without one")
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise FormatError(f"{what} is a link or a device; put the file itself into the zip")


def _unpack(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], folder: Path, path: Path) -> None:
    """What comes out is counted, whatever the archive said."""
    packed = path.stat().st_size
    room = shutil.disk_usage(folder).free - SPARE_BYTES
    most = min(room, max(RATIO_COUNTS_FROM_BYTES, MAX_RATIO * packed))
    unpacked = 0
    for member in members:
        try:
            target = inside(folder, member.filename)
        except FormatError as error:
            raise FormatError(f"{path.name}: {error}") from error
        if member.is_dir():
            _make_folder(target, path, member)
            continue
        _make_folder(target.parent, path, member)
        with archive.open(member) as source, _new_file(target, path, member) as file:
            while chunk := source.read(_CHUNK_BYTES):
                unpacked += len(chunk)
                if unpacked > most:
                    raise FormatError(
                        f"{path.name}: {packed} bytes unpack to more than {most}; unpack it and name the folder"
                    )
                file.write(chunk)


def _make_folder(folder: Path, path: Path, member: zipfile.ZipInfo) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise FormatError(
            f"{path.name}: {member.filename!r:.120} lies in what is a file there; make the zip again"
        ) from error


def _new_file(target: Path, path: Path, member: zipfile.ZipInfo) -> BinaryIO:
    """Of names that differ in case alone many disks have but one."""
    try:
        return target.open("xb")
    except FileExistsError as error:
        raise FormatError(
            f"{path.name}: {member.filename!r:.120} is a folder in it too, or this disk takes it for another name that "
            "differs in case alone; make the zip again"
        ) from error
