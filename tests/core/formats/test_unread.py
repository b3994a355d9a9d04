"""What is no photo that is read is named, by its first bytes or its name, with what makes a photo of it."""

from __future__ import annotations

import pytest

from core.annotation.errors import PhotoError
from core.formats.photo import photo_size, read_photo
from core.formats.unread import raw_photo
from tests.made import photo_bytes


def box(*brands: bytes) -> bytes:
    return (16 + 4 * len(brands)).to_bytes(4, "big") + b"ftyp" + brands[0] + bytes(4) + b"".join(brands[1:]) + bytes(50)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (box(b"heic", b"mif1", b"heic"), "a HEIC photo, .* JPEG"),
        (box(b"mif1", b"mif1", b"heic"), "a HEIC photo, .* JPEG"),
        (box(b"avif", b"mif1"), "an AVIF image, .* PNG or JPEG"),
        (box(b"mif1", b"mif1", b"avif"), "an AVIF image, .* PNG or JPEG"),
        (box(b"crx ", b"isom"), "a camera's raw photo, .* JPEG"),
        (b"FUJIFILMCCD-RAW 0201", "a camera's raw photo, .* JPEG"),
        (box(b"isom", b"mp41"), "a video, .*ffmpeg"),
        (box(b"qt  "), "a video, .*ffmpeg"),
        (b"\x1a\x45\xdf\xa3 webm", "a video, .*ffmpeg"),
        (b"RIFF\0\0\0\0AVI LIST", "a video, .*ffmpeg"),
        (b"%PDF-1.7\n", "a PDF, .* PNG"),
        (b'<svg width="2"/>', "an SVG drawing, .* PNG"),
        (b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- made -->\n<svg/>', "an SVG drawing, .* PNG"),
        (b"8BPS\0\1", "a Photoshop file"),
        (b"\xff\x0a\0", "a JPEG XL image"),
        (b"\0\0\0\x0cjP  \r\n", "a JPEG 2000 image"),
        (b"PK\3\4 and so on", "a zip, .* import it as a data set"),
        (b"<?xml version='1.0'?><annotation/>", "not a PNG, JPEG, WebP, BMP, TIFF or GIF image; convert"),
        (b"RIFF\0\0\0\0WAVE", "not a PNG, JPEG, WebP, BMP, TIFF or GIF image; convert"),
    ],
)
def test_the_first_bytes_tell_what_it_is_whatever_its_name(data: bytes, said: str) -> None:
    for read in (read_photo, photo_size):
        with pytest.raises(PhotoError, match=rf"^a\.jpg: {said}"):
            read(data, name="a.jpg")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a.HEIC", "a HEIC photo"),
        ("a.avif", "an AVIF image"),
        ("a.x.nef", "a camera's raw photo"),
        ("a.mov", "a video"),
        ("a.zip", "a zip"),
        ("heic", "not a PNG"),
    ],
)
def test_where_the_bytes_say_nothing_the_name_does(name: str, said: str) -> None:
    with pytest.raises(PhotoError, match=f"^{name}: {said}"):
        read_photo(b"\7\7\7\7 something", name=name)


def test_an_empty_file_is_named_so_whatever_its_name() -> None:
    for read in (read_photo, photo_size):
        with pytest.raises(PhotoError, match=r"^a\.heic: the file is empty; copy it again"):
            read(b"", name="a.heic")


def test_a_photo_is_a_photo_whatever_its_name() -> None:
    assert read_photo(photo_bytes(20, 10), name="a.heic").file_format == "PNG"
    assert (raw_photo("a.DNG")[:8], raw_photo("a.tif")) == ("a camera", "")
