"""What an image file holds, worked out from its bytes before anything is decoded.

A decoder gets only what the picture needs. Text, profiles, thumbnails and EXIF are left out here, so what they
could do to a decoder (inflate to gigabytes, nest, repeat without end) they cannot; of EXIF the orientation is read.
Sources: PNG 3rd edition, ITU-T T.81 annex B, GIF89a, RFC 9649 (WebP), TIFF 6.0, CIPA DC-008 (EXIF).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.formats.unread import SAVE_AGAIN, why_unread

# No photo comes near these; each part costs the loops below about a microsecond.
MAX_PARTS = 100_000
MAX_TIFF_TAGS = 1_000
# A 50-megapixel TIFF of 16×16 tiles has 195,313.
MAX_TIFF_STRIPS = 300_000
# Pillow unpacks run-length encoded BMPs in Python, about a second per megabyte.
MAX_RLE_BMP_BYTES = 1_500_000


class RefusedError(ValueError):
    """A file that is not read; the text is "reason; remedy", without the file's name."""


@dataclass(frozen=True)
class Container:
    """One image file: `picture` are the bytes to decode, a file of the same format.

    `orientation` is EXIF's, 1 to 8. `bits` are those of a channel. `scans` counts the passes over a JPEG's pixels.
    `canvas` is (width, height) where the decoder would allocate before it tells the size.
    """

    file_format: str
    picture: bytes
    orientation: int = 1
    animated: bool = False
    lossy: bool = False
    bits: int = 8
    scans: int = 1
    canvas: tuple[int, int] | None = None


def read_container(data: bytes, name: str = "") -> Container:
    """Tell the format by the content and keep what the picture needs.

    Raises RefusedError, which says what a file of another format is, by its `name` where the content tells nothing;
    or struct.error and IndexError where the file ends early.
    """
    if not data:
        raise RefusedError("the file is empty; copy it again from where it came")
    for signature, read in _READERS:
        if signature.match(data):
            return read(data)
    raise RefusedError(why_unread(data, name))


def exif_orientation(exif: bytes) -> int:
    """The orientation, 1 to 8, that a TIFF header and its first directory give; 1 when there is none to read."""
    try:
        for tag, kind, count, value in _tiff_entries(exif):
            if tag == 274 and kind == 3 and count == 1:
                (orientation,) = struct.unpack(_byte_order(exif) + "H", value[:2])
                return orientation if 1 <= orientation <= 8 else 1
    except (RefusedError, struct.error):
        pass
    return 1


def _counted(parts: int, what: str) -> int:
    if parts > MAX_PARTS:
        raise RefusedError(f"more than {MAX_PARTS} {what}, which no photo has; {SAVE_AGAIN}")
    return parts + 1


def _png(data: bytes) -> Container:
    kept, orientation, animated, parts, position = [data[:8]], 1, False, 0, 8
    while position + 8 <= len(data):
        parts = _counted(parts, "PNG chunks")
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        if kind in {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}:
            kept.append(data[position:end])
        elif kind == b"eXIf":
            orientation = exif_orientation(data[position + 8 : end - 4])
        elif kind == b"acTL":
            animated = int.from_bytes(data[position + 8 : position + 12], "big") > 1
        if kind == b"IEND":
            break
        position = end
    return Container("PNG", b"".join(kept), orientation, animated, bits=max(data[24], 8))


_JPEG_MARKER = re.compile(rb"\xff([^\xff\x00])")
_JPEG_TABLES_AND_FRAMES = {*range(0xC0, 0xD0), 0xDB, 0xDC, 0xDD}
# JFIF's and Adobe's segments say how the colours are coded.
_JPEG_COLOUR_SEGMENTS = {0xE0, 0xEE}


def _jpeg(data: bytes) -> Container:
    kept, orientation, parts, position = [b"\xff\xd8"], 1, 0, 2
    while (marker := _JPEG_MARKER.search(data, position)) is not None:
        parts = _counted(parts, "JPEG segments")
        code, start = marker[1][0], marker.end()
        if code == 0xDA:
            rest = data[marker.end() - 2 :]
            return Container("JPEG", b"".join([*kept, rest]), orientation, lossy=True, scans=rest.count(b"\xff\xda"))
        if code == 0x01 or 0xD0 <= code <= 0xD8:
            position = start
            continue
        (length,) = struct.unpack_from(">H", data, start)
        position = start + max(length, 2)
        if code in _JPEG_TABLES_AND_FRAMES or code in _JPEG_COLOUR_SEGMENTS:
            kept.append(data[start - 2 : position])
        elif code == 0xE1 and data[start + 2 : start + 8] == b"Exif\0\0" and orientation == 1:
            orientation = exif_orientation(data[start + 8 : position])
    raise RefusedError(f"the JPEG ends before its picture; {SAVE_AGAIN}")


def _gif(data: bytes) -> Container:
    position = 13 + _gif_palette_bytes(data[10])
    kept, first_end = [data[:position]], 0
    for kind, start, end in _gif_blocks(data, position):
        if kind == 0x2C and first_end:
            return Container("GIF", b"".join([*kept, b";"]), animated=True)
        if kind == 0x2C:
            kept.append(data[start:end])
            first_end = end
        elif data[start + 1] == 0xF9 and not first_end:
            # Only the flag of a transparent colour matters to a first frame.
            kept.append(b"\x21\xf9\x04" + bytes([data[start + 3] & 1]) + data[start + 4 : start + 8])
    # Where the file ends inside its picture no end mark may follow, or the rest would pass for an empty picture.
    return Container("GIF", b"".join([*kept, b";"] if first_end <= len(data) else kept))


def _gif_palette_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _gif_blocks(data: bytes, position: int) -> Iterator[tuple[int, int, int]]:
    """(kind, start, end) of each extension (0x21) and picture (0x2C), one even where the file ends inside it."""
    parts = 0
    while position < len(data) and data[position] in (0x21, 0x2C):
        start, kind = position, data[position]
        position += 2 if kind == 0x21 else 11 + _gif_palette_bytes(data[position + 9])
        while position < len(data) and data[position]:
            parts = _counted(parts, "GIF blocks") if kind == 0x21 else parts
            position += 1 + data[position]
        position += 1
        yield kind, start, position
        parts = _counted(parts, "GIF blocks")


def _webp(data: bytes) -> Container:
    canvas, orientation, animated, lossy, parts, position = None, 1, False, False, 0, 12
    while position + 8 <= len(data):
        parts = _counted(parts, "WebP chunks")
        kind, length = struct.unpack_from("<4sI", data, position)
        body = position + 8
        if kind == b"VP8X":
            animated = bool(data[body] & 0x02)
            canvas = _uint24(data, body + 4) + 1, _uint24(data, body + 7) + 1
        elif kind == b"VP8 ":
            lossy = True
            width, height = struct.unpack_from("<HH", data, body + 6)
            canvas = canvas or (width & 0x3FFF, height & 0x3FFF)
        elif kind == b"VP8L":
            (packed,) = struct.unpack_from("<I", data, body + 1)
            canvas = canvas or ((packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1)
        elif kind == b"EXIF":
            exif = data[body : body + length]
            orientation = exif_orientation(exif.removeprefix(b"Exif\0\0"))
        position = body + length + length % 2
    if canvas is None:
        raise RefusedError(f"the WebP file has no picture; {SAVE_AGAIN}")
    return Container("WebP", data, orientation, animated, lossy, canvas=canvas)


def _uint24(data: bytes, position: int) -> int:
    return int.from_bytes(data[position : position + 3], "little")


def _bmp(data: bytes) -> Container:
    header_size, compression = struct.unpack_from("<I12xI", data, 14)
    if header_size >= 40 and compression in (1, 2) and len(data) > MAX_RLE_BMP_BYTES:
        raise RefusedError(f"a run-length encoded BMP of more than {MAX_RLE_BMP_BYTES} bytes; {SAVE_AGAIN}")
    return Container("BMP", data)


# What describes the pixels: sizes, bits, compression, photometry, strips and tiles, palette, sample formats, JPEG.
_TIFF_PICTURE_TAGS = {256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 292, 293, 317, 320}
_TIFF_PICTURE_TAGS |= {322, 323, 324, 325, 332, 338, 339, 347, 530}
_TIFF_VALUE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}


def _tiff(data: bytes) -> Container:
    """The same file, its directory cut down in place to the picture's tags: Pillow meets no orientation either."""
    order = _byte_order(data)
    entries = _tiff_entries(data)
    kept = [entry for entry in entries if entry[0] in _TIFF_PICTURE_TAGS]
    numbers = {tag: _tiff_numbers(data, kind, count, value) for tag, kind, count, value in kept}
    pointed = sum(int(numbers[tag].sum()) for tag in (279, 325) if tag in numbers)
    if pointed > 2 * len(data):
        raise RefusedError(f"its strips overlap: {pointed} bytes of them in a file of {len(data)}; {SAVE_AGAIN}")
    bits = int(numbers[258].max()) if 258 in numbers else 8
    if bits > 8 and not numbers.get(262, np.ones(1)).any():
        raise RefusedError(f"{bits} bits with white as zero; {SAVE_AGAIN}")
    (first,) = struct.unpack_from(order + "I", data, 4)
    end = first + 2 + 12 * len(entries)
    (following,) = struct.unpack_from(order + "I", data, end)
    directory = struct.pack(order + "H", len(kept))
    directory += b"".join(struct.pack(order + "HHI", *entry[:3]) + entry[3] for entry in kept)
    picture = data[:first] + directory.ljust(end + 4 - first, b"\0") + data[end + 4 :]
    canvas = tuple(max(int(numbers[tag][0]) for tag in pair if tag in numbers) for pair in ((256, 322), (257, 323)))
    return Container(
        "TIFF", picture, exif_orientation(data), animated=following != 0, bits=bits, canvas=(canvas[0], canvas[1])
    )


def _byte_order(data: bytes) -> str:
    return "<" if data[:2] == b"II" else ">"


def _tiff_entries(data: bytes) -> list[tuple[int, int, int, bytes]]:
    """(tag, type, count, four bytes of value or offset) of the first directory."""
    order = _byte_order(data)
    magic, first = struct.unpack_from(order + "HI", data, 2)
    if data[:2] not in (b"II", b"MM") or magic != 42:
        raise RefusedError(f"a TIFF of a kind that is not read (BigTIFF or another); {SAVE_AGAIN}")
    (count,) = struct.unpack_from(order + "H", data, first)
    if count > MAX_TIFF_TAGS:
        raise RefusedError(f"{count} tags, more than {MAX_TIFF_TAGS}; {SAVE_AGAIN}")
    return [struct.unpack_from(order + "HHI4s", data, first + 2 + 12 * index) for index in range(count)]


def _tiff_numbers(data: bytes, kind: int, count: int, value: bytes) -> npt.NDArray[np.int64]:
    """A tag's whole numbers; only bytes, shorts and longs say something about sizes and places."""
    if count > MAX_TIFF_STRIPS:
        raise RefusedError(f"a TIFF tag of {count} values, more than {MAX_TIFF_STRIPS}; {SAVE_AGAIN}")
    size = _TIFF_VALUE_BYTES.get(kind, 1)
    order = _byte_order(data)
    start = struct.unpack(order + "I", value)[0]
    raw = value[: size * count] if size * count <= 4 else data[start : start + size * count]
    if len(raw) < size * count:
        raise RefusedError(f"the TIFF ends inside its directory; {SAVE_AGAIN}")
    return np.frombuffer(raw, dtype={1: "u1", 2: order + "u2", 4: order + "u4", 8: order + "u8"}[size]).astype(np.int64)


_READERS: tuple[tuple[re.Pattern[bytes], Callable[[bytes], Container]], ...] = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), _png),
    (re.compile(rb"\xff\xd8\xff"), _jpeg),
    (re.compile(rb"GIF8[79]a"), _gif),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), _webp),
    (re.compile(rb"II[\x2a\x2b]\0|MM\0[\x2a\x2b]"), _tiff),
    (re.compile(rb"BM"), _bmp),
)
