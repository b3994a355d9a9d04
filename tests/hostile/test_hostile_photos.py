"""No image file, however broken or hostile, crashes the reader, holds it for long, or comes out half."""

from __future__ import annotations

import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.annotation.errors import PhotoError
from core.formats.photo import Photo, read_photo
from tests.hostile import made_images as made

MAX_SECONDS = 2.0
VALID = made.valid_files()


@contextmanager
def quickly() -> Iterator[None]:
    """Processor time, so that a busy machine fails nothing."""
    start = time.thread_time()
    yield
    spent = time.thread_time() - start
    assert spent < MAX_SECONDS, f"took {spent:.2f} s"


def read_or_refuse(data: bytes, name: str) -> Photo | str:
    with quickly():
        try:
            return read_photo(data, name=name)
        except PhotoError as error:
            refusal = str(error)
    assert refusal.startswith(f"{name}: ")
    assert "; " in refusal
    return refusal


def hostile_files() -> dict[str, bytes]:
    jpeg = VALID["progressive.jpg"]
    scan = jpeg[jpeg.rfind(b"\xff\xda") : -2]
    grey = made.grey_tiff_tags(10, 10)
    strips = [tag for tag in grey if tag[0] not in (273, 278, 279)]
    return {
        "text.jpg": b"This is no photo.\n" * 100,
        "page.png": b"<html><script>alert(1)</script></html>",
        "drawing.png": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        "empty.png": b"",
        "one-byte.gif": b"G",
        "zeros.tif": bytes(1000),
        "png-300-megapixels.png": made.png(20_000, 15_000, data=b"\0" * 1000),
        "png-largest.png": made.png(2**31 - 1, 2**31 - 1),
        "png-no-size.png": made.png(0, 0),
        "png-many-chunks.png": made.png_with(made.png_chunk(b"teXt", b"") * 200_000),
        "jpeg-largest.jpg": made.with_jpeg_size(VALID["plain.jpg"], 65_535, 65_535),
        "jpeg-no-size.jpg": made.with_jpeg_size(VALID["plain.jpg"], 0, 0),
        "jpeg-many-scans.jpg": made.with_jpeg_size(jpeg[:-2] + scan * 5000 + b"\xff\xd9", 7000, 7000),
        "jpeg-many-segments.jpg": b"\xff\xd8" + b"\xff\xfe\0\x02" * 200_000 + VALID["plain.jpg"][2:],
        "jpeg-only-fill.jpg": b"\xff\xd8" + b"\xff" * 20_000_000,
        "gif-largest.gif": made.gif(65_535, 65_535),
        "gif-many-extensions.gif": made.gif(10, 10, extra=b"\x21\xfe\0" * 200_000),
        "webp-canvas.webp": made.webp_canvas(16_384, 16_384),
        "webp-no-picture.webp": b"RIFF\x04\0\0\0WEBP",
        "bmp-300-megapixels.bmp": made.bmp(20_000, 15_000, body=bytes(1000)),
        "bmp-long-runs.bmp": made.bmp(7_000, 7_000, compression=1, body=b"\0\2\0\0" * 500_000),
        "tiff-300-megapixels.tif": made.tiff(made.grey_tiff_tags(20_000, 15_000), body=bytes(100)),
        "tiff-one-great-tile.tif": made.tiff([*strips, (322, 4, 1, 65_520), (323, 4, 1, 65_520), (324, 4, 1, 8)]),
        "tiff-many-tags.tif": made.tiff(grey * 5000, body=bytes(100)),
        "tiff-overlapping-strips.tif": made.tiff(
            [*strips, (273, 4, 1000, 8), (278, 4, 1, 1), (279, 4, 1000, 8)], body=struct.pack("<I", 4000) * 1000
        ),
        "tiff-endless-strips.tif": made.tiff([*strips, (273, 4, 2**31, 8), (279, 4, 2**31, 8)], body=bytes(100)),
        "tiff-white-is-zero.tif": made.tiff([(258, 3, 1, 16), (262, 3, 1, 0), *grey[:2], *grey[5:]], body=bytes(200)),
        "tiff-big.tif": b"II\x2b\0\x08\0\0\0\x10\0\0\0\0\0\0\0",
    }


HOSTILE = hostile_files()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_with_its_name_and_a_reason(name: str) -> None:
    refusal = read_or_refuse(HOSTILE[name], name)
    assert isinstance(refusal, str)
    assert " at 0x" not in refusal


@pytest.mark.parametrize("name", VALID)
def test_a_truncated_file_is_whole_or_refused(name: str) -> None:
    data = VALID[name]
    whole = read_photo(data, name=name).pixels
    refused = 0
    for length in sorted({*range(1, len(data), max(1, len(data) // 40)), *range(len(data) - 12, len(data))}):
        outcome = read_or_refuse(data[:length], name)
        refused += isinstance(outcome, str)
        if isinstance(outcome, Photo):
            assert np.array_equal(outcome.pixels, whole), f"half a picture at {length} of {len(data)} bytes"
    assert refused > 10


@pytest.mark.parametrize("chunk", ["zTXt", "iTXt", "iCCP"])
def test_what_text_and_profiles_inflate_to_never_happens(chunk: str) -> None:
    flags = {"zTXt": b"a\0\0", "iTXt": b"a\0\1\0\0\0", "iCCP": b"a\0\0"}[chunk]
    packer = zlib.compressobj(1)
    zeros = bytes(1 << 20)
    packed = b"".join(packer.compress(zeros) for _ in range(64)) + packer.flush()
    data = made.png_with(made.png_chunk(chunk.encode(), flags + packed) * 4)
    with quickly():
        assert np.array_equal(read_photo(data, name="bomb.png").pixels, made.pattern())


@pytest.mark.parametrize("name", ["exif.png", "exif.jpg", "exif.webp"])
def test_exif_that_claims_gigabytes_is_not_followed(name: str) -> None:
    exif = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 5000) + struct.pack("<HHII", 270, 2, 60_000, 8) * 5000
    form = {"exif.png": "PNG", "exif.jpg": "JPEG", "exif.webp": "WEBP"}[name]
    options = {} if form == "JPEG" else {"lossless": True, "exif": exif}
    data = made.photo_file(form, **options)
    if form == "JPEG":
        data = data[:2] + b"\xff\xe1" + struct.pack(">H", 60_002) + exif[:60_000] + data[2:]
    outcome = read_or_refuse(data, name)
    assert isinstance(outcome, Photo)
    assert outcome.pixels.shape == (made.HEIGHT, made.WIDTH, 3)


def test_long_comments_in_a_gif_cost_no_time() -> None:
    comment = b"\x21\xfe" + (b"\xff" + b"c" * 255) * 60_000 + b"\0"
    plain = made.photo_file("GIF")
    palette_end = 13 + (3 << ((plain[10] & 7) + 1))
    with quickly():
        photo = read_photo(plain[:palette_end] + comment + plain[palette_end:], name="long.gif")
    assert np.array_equal(photo.pixels, read_photo(plain, name="plain.gif").pixels)


def test_a_directory_that_points_at_itself_ends() -> None:
    data = made.tiff(made.grey_tiff_tags(10, 10), body=bytes(range(100)), following=108)
    outcome = read_or_refuse(data, "loop.tif")
    assert isinstance(outcome, Photo)
    assert outcome.pixels[..., 0].tolist() == np.arange(100).reshape(10, 10).tolist()


def mutant(data: bytes, random: np.random.Generator) -> bytes:
    """The file with a few bytes changed, removed, repeated or put elsewhere."""
    changed = bytearray(data)
    for _ in range(random.integers(1, 6)):
        place, length = int(random.integers(len(changed))), int(random.integers(1, 9))
        piece = bytes(changed[place : place + length])
        match random.integers(4):
            case 0:
                changed[place : place + length] = random.bytes(len(piece))
            case 1:
                del changed[place : place + length]
            case 2:
                changed[place:place] = piece * int(random.integers(1, 50))
            case _:
                changed[place : place + 1] = bytes([random.choice([0, 1, 0x7F, 0x80, 0xFF])])
        if not changed:
            break
    return bytes(changed)


def check_mutants(count: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    names = list(VALID)
    outcomes = [
        read_or_refuse(mutant(VALID[name], random), f"{index}-{name}")
        for index, name in enumerate(random.choice(names, count))
    ]
    photos = [outcome for outcome in outcomes if isinstance(outcome, Photo)]
    assert 0 < len(photos) < count
    for photo in photos:
        assert photo.pixels.dtype == np.uint8
        assert photo.pixels.shape[2] == 3


def test_mutants_of_valid_files_are_read_or_refused() -> None:
    check_mutants(3000, seed=1)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_many_mutants_are_read_or_refused() -> None:
    check_mutants(200_000, seed=2)


# The peak of the process itself: `ru_maxrss` would begin with that of the tests' own process.
LARGE = """
import re, sys
from pathlib import Path
from core.formats.photo import read_photo
photo = read_photo(Path(sys.argv[1]), name="large")
peak_kib = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]
print(photo.pixels.shape[0] * photo.pixels.shape[1], int(peak_kib) * 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from Linux's /proc")
@pytest.mark.parametrize("kind", ["png-16-bit", "jpeg", "tiff-float", "webp"])
def test_the_largest_photo_stays_under_a_gigabyte(kind: str, tmp_path: Path) -> None:
    """A file of kilobytes that is allowed to become nearly 51 megapixels."""
    path, (width, height) = tmp_path / "large", (7140, 7140)
    if kind == "jpeg":
        Image.new("RGB", (width, height)).save(path, "JPEG", progressive=True)
    elif kind == "webp":
        turned = Image.Exif()
        turned[made.ORIENTATION_TAG] = 6
        Image.new("RGB", (width, height)).save(path, "WEBP", lossless=True, quality=0, method=0, exif=turned)
    elif kind == "tiff-float":
        Image.linear_gradient("L").convert("F").resize((width, height), 0).save(path, "TIFF", compression="tiff_lzw")
    else:
        path.write_bytes(made.png(width, height, bits=16, colour=0, data=bytes((2 * width + 1) * height)))
    done = subprocess.run([sys.executable, "-c", LARGE, str(path)], capture_output=True, text=True, check=True)
    pixels, peak_bytes = map(int, done.stdout.split())
    assert pixels == width * height
    assert peak_bytes < 1 << 30


def test_reading_in_threads_gives_the_same() -> None:
    names = list(VALID) * 10
    with ThreadPoolExecutor(8) as pool:
        photos = pool.map(lambda name: read_photo(VALID[name], name=name), names)
    for name, photo in zip(names, photos, strict=True):
        assert np.array_equal(photo.pixels, read_photo(VALID[name], name=name).pixels)
