"""Zips: what is unpacked, and what is refused before anything leaves the folder."""

from __future__ import annotations

import stat
import struct
import zipfile
from pathlib import Path

import pytest

import core.formats.archives as archives
from core.annotation.errors import FormatError
from core.formats.archives import is_archive, unpack


def zipped(path: Path, files: dict[str, bytes], *, compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=compression)
    return path


def refused(path: Path, folder: Path, match: str) -> None:
    with pytest.raises(FormatError, match=match):
        unpack(path, folder)


def test_a_zip_comes_out_as_it_was_without_what_systems_add(tmp_path):
    files = {"images/ä 1.jpg": b"photo", "instances.json": b"{}", "__MACOSX/._a": b"x", "images/.DS_Store": b"x"}
    unpack(zipped(tmp_path / "a.zip", files), tmp_path / "out")
    found = {
        path.relative_to(tmp_path / "out").as_posix(): path.read_bytes() for path in (tmp_path / "out").rglob("*.*")
    }
    assert found == {"images/ä 1.jpg": b"photo", "instances.json": b"{}"}


def test_a_zip_is_told_by_its_content(tmp_path):
    assert is_archive(zipped(tmp_path / "a.dat", {"a": b"1"}))
    (tmp_path / "b.json").write_bytes(b"no zip")
    assert not is_archive(tmp_path / "b.json")
    assert not is_archive(tmp_path)


@pytest.mark.parametrize(
    ("name", "kept", "said"),
    [
        ("a.zip", 0, "a.zip: the zip is empty; copy it again"),
        ("a.zip", 2, "a.zip: the zip is cut short or damaged; copy it again"),
        ("a.ZIP", -30, "a.ZIP: the zip is cut short or damaged; copy it again"),
        ("a.dat", -30, "a.dat: the zip is cut short or damaged; copy it again"),
    ],
)
def test_a_zip_that_is_not_whole_is_named_so(tmp_path, name, kept, said):
    path = tmp_path / name
    path.write_bytes(zipped(tmp_path / "whole", {"a.png": bytes(range(200))}).read_bytes()[:kept])
    with pytest.raises(FormatError, match=said):
        is_archive(path)


@pytest.mark.parametrize(
    "name", ["../out.txt", "a/../../out.txt", "/etc/out.txt", "C:\\out.txt", "..\\out.txt", "\\out"]
)
def test_names_that_lead_out_are_refused(tmp_path, name):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("x")
        info.filename = name
        archive.writestr(info, b"escaped")
    refused(path, tmp_path / "in" / "out", "leads out")
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == [path]


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_are_refused(tmp_path, kind):
    info = zipfile.ZipInfo("images")
    info.external_attr = (kind | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, b"/etc")
    refused(tmp_path / "a.zip", tmp_path / "out", "is a link or a device")


def test_one_name_twice_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.txt", b"1")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.txt", b"2")
    refused(tmp_path / "a.zip", tmp_path / "out", "in it twice")


def test_names_that_differ_in_case_alone_are_two_files_where_the_disk_has_two(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a.txt": b"1", "A.txt": b"2"})
    (tmp_path / "probe").touch()
    if (tmp_path / "PROBE").exists():
        refused(path, tmp_path / "out", "case alone")
    else:
        unpack(path, tmp_path / "out")
        assert (tmp_path / "out" / "A.txt").read_bytes() == b"2"


def test_a_file_where_a_folder_should_be_is_refused(tmp_path):
    refused(zipped(tmp_path / "a.zip", {"a": b"1", "a/b": b"2"}), tmp_path / "out1", "lies in what is a file there")
    refused(zipped(tmp_path / "b.zip", {"a/b": b"1", "a": b"2"}), tmp_path / "out2", "is a folder in it too")


def test_a_locked_zip_is_refused(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a.txt": b"secret"})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\3\4") + 6] |= 1
    data[data.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(data)
    refused(path, tmp_path / "out", "locked with a password")


def test_a_bomb_is_refused_by_what_comes_out(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "RATIO_COUNTS_FROM_BYTES", 100_000)
    path = zipped(tmp_path / "a.zip", {"zeros": bytes(3_000_000)})
    refused(path, tmp_path / "out", "unpack to more than")
    assert sum(file.stat().st_size for file in (tmp_path / "out").iterdir()) < 2_000_000


def test_more_files_or_bytes_than_there_is_room_for_are_refused(tmp_path, monkeypatch):
    path = zipped(tmp_path / "a.zip", {"a": b"1", "b": b"2"})
    monkeypatch.setattr(archives, "MAX_FILES", 1)
    refused(path, tmp_path / "out1", "2 files, more than 1")
    monkeypatch.setattr(archives, "MAX_FILES", 10)
    monkeypatch.setattr(archives, "SPARE_BYTES", 2**60)
    refused(path, tmp_path / "out2", "free some space")
    monkeypatch.setattr(archives, "MAX_DIRECTORY_BYTES", 10)
    refused(path, tmp_path / "out3", "list of files has more than 10 bytes")


def test_the_size_of_the_list_of_files_is_read_from_zip64_too(tmp_path, monkeypatch):
    path = zipped(tmp_path / "a.zip", {"a": b"1"})
    data = path.read_bytes()
    end = data.index(b"PK\5\6")
    end64 = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, 2**40, 0)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, end, 1)
    path.write_bytes(data[:end] + end64 + locator + data[end:])
    refused(path, tmp_path / "out", "list of files")


@pytest.mark.parametrize("cut", [1, 10, 30, 60, 100])
def test_a_zip_that_is_cut_is_refused(tmp_path, cut):
    data = zipped(tmp_path / "a.zip", {"a.txt": b"some text " * 50, "b.txt": b"1"}).read_bytes()
    (tmp_path / "cut.zip").write_bytes(data[:-cut])
    refused(tmp_path / "cut.zip", tmp_path / "out", "damaged")


@pytest.mark.parametrize("place", [31, 36, 40, 45])
def test_a_zip_with_a_changed_byte_is_refused(tmp_path, place):
    data = bytearray(zipped(tmp_path / "a.zip", {"a.txt": b"some text " * 50}).read_bytes())
    data[place] ^= 0xFF
    (tmp_path / "changed.zip").write_bytes(data)
    refused(tmp_path / "changed.zip", tmp_path / "out", "damaged")
