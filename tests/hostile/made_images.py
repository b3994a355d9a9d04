"""Image files made on the spot: valid ones of every kind, and the tricks that hurt decoders."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import numpy as np
from PIL import Image

ORIENTATION_TAG = 274
HEIGHT, WIDTH = 12, 20


def pattern() -> np.ndarray:
    """uint8 [12, 20, 3]: no two corners, rows or columns alike, so a wrong turn shows."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    return np.stack([rows * 20, columns * 12, (rows * 7 + columns * 11) % 256], axis=2).astype(np.uint8)


def encode(image: Image.Image, file_format: str, *, orientation: int = 1, **options: object) -> bytes:
    """The image as a file, with an EXIF orientation unless it is 1."""
    out = BytesIO()
    if orientation != 1:
        exif = Image.Exif()
        exif[ORIENTATION_TAG] = orientation
        options["exif"] = exif
    image.save(out, file_format, **options)
    return out.getvalue()


def photo_file(file_format: str, **options: object) -> bytes:
    return encode(Image.fromarray(pattern()), file_format, **options)


def animation(file_format: str) -> bytes:
    frames = [Image.fromarray(np.roll(pattern(), shift, axis=1)) for shift in (0, 5, 9)]
    extra = {"lossless": True} if file_format == "WEBP" else {}
    return encode(frames[0], file_format, save_all=True, append_images=frames[1:], duration=50, **extra)


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, *, bits: int = 8, colour: int = 2, data: bytes = b"", extra: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    chunks = png_chunk(b"IHDR", header) + extra + png_chunk(b"IDAT", zlib.compress(data)) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def png_with(chunk: bytes) -> bytes:
    """A good PNG with one more chunk after its header."""
    good = photo_file("PNG")
    return good[:33] + chunk + good[33:]


def with_jpeg_size(data: bytes, width: int, height: int) -> bytes:
    """The JPEG with another size in its frame header."""
    place = next(data.find(marker) for marker in (b"\xff\xc0", b"\xff\xc2") if marker in data)
    return data[: place + 5] + struct.pack(">HH", height, width) + data[place + 9 :]


def tiff(tags: list[tuple[int, int, int, int]], *, body: bytes = b"", following: int = 0) -> bytes:
    """A little-endian TIFF: `body` starts at byte 8, then the directory of (tag, type, count, value)."""
    directory = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return struct.pack("<2sHI", b"II", 42, 8 + len(body)) + body + directory + struct.pack("<I", following)


def grey_tiff_tags(width: int, height: int) -> list[tuple[int, int, int, int]]:
    """Tags of an uncompressed 8-bit grey picture at byte 8."""
    shorts = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1)]
    return [*shorts, (273, 4, 1, 8), (277, 3, 1, 1), (278, 4, 1, height), (279, 4, 1, min(width * height, 2**32 - 1))]


def bmp(width: int, height: int, *, compression: int = 0, body: bytes = b"") -> bytes:
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, compression, len(body), 0, 0, 256, 0)
    return struct.pack("<2sIHHI", b"BM", 54 + 1024 + len(body), 0, 0, 54 + 1024) + header + bytes(1024) + body


def gif(width: int, height: int, *, extra: bytes = b"") -> bytes:
    screen = struct.pack("<6sHHBBB", b"GIF89a", width, height, 0x80, 0, 0) + bytes(6)
    return screen + extra + struct.pack("<BHHHHB", 0x2C, 0, 0, width, height, 0) + b"\x02\x02\x4c\x01\x00;"


def webp_canvas(width: int, height: int) -> bytes:
    """A WebP whose canvas is larger than its picture."""
    picture = photo_file("WEBP")[12:]
    canvas = struct.pack("<4sIB3x", b"VP8X", 10, 0x02)
    canvas += (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<I", 4 + len(canvas) + len(picture)) + b"WEBP" + canvas + picture


def valid_files() -> dict[str, bytes]:
    """One file of each kind, by a name that says which."""
    colour = Image.fromarray(pattern())
    deep = Image.fromarray(pattern()[..., 0].astype(np.uint16) * 257)
    return {
        "rgb.png": photo_file("PNG"),
        "palette.png": encode(colour.quantize(16), "PNG"),
        "alpha.png": encode(colour.convert("RGBA"), "PNG"),
        "deep.png": encode(deep, "PNG"),
        "moving.png": animation("PNG"),
        "turned.png": photo_file("PNG", orientation=6),
        "plain.jpg": photo_file("JPEG", quality=90),
        "progressive.jpg": photo_file("JPEG", progressive=True),
        "turned.jpg": photo_file("JPEG", orientation=5),
        "cmyk.jpg": encode(colour.convert("CMYK"), "JPEG"),
        "grey.jpg": encode(colour.convert("L"), "JPEG"),
        "lossy.webp": photo_file("WEBP"),
        "lossless.webp": photo_file("WEBP", lossless=True, orientation=3),
        "moving.webp": animation("WEBP"),
        "still.gif": photo_file("GIF"),
        "moving.gif": animation("GIF"),
        "plain.bmp": photo_file("BMP"),
        "raw.tif": photo_file("TIFF"),
        "lzw.tif": photo_file("TIFF", compression="tiff_lzw"),
        "jpeg.tif": photo_file("TIFF", compression="jpeg"),
        "deep.tif": encode(deep, "TIFF", orientation=8),
    }
