"""Files that people take for photos and that are not read: which format they are, and what makes a photo of them.

Sources: ISO/IEC 23008-12 annex B (brands of HEIF), RFC 9649, APPNOTE.TXT, and the makers' own first bytes.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

SAVE_AGAIN = "open it in an image editor and save it again as PNG or JPEG"
_RAW = "a camera's raw photo, which is not read; export it as JPEG from the camera's or another raw converter"
_HEIC = (
    "a HEIC photo, which is not read; export it as JPEG from your photo app (an iPhone takes JPEGs itself with "
    "Settings, Camera, Formats, Most Compatible)"
)
_AVIF = f"an AVIF image, which is not read; {SAVE_AGAIN}"
_VIDEO = "a video, which is not read; save its frames as photos, as `ffmpeg -i VIDEO %06d.jpg` does"
_PDF = "a PDF, which is not read; export each of its pages as PNG"
_SVG = "an SVG drawing, which is not read; export it as PNG, as large as you want to label it"
_PSD = "a Photoshop file, which is not read; save it again as PNG or JPEG"
_JPEG_XL = f"a JPEG XL image, which is not read; {SAVE_AGAIN}"
_JPEG_2000 = f"a JPEG 2000 image, which is not read; {SAVE_AGAIN}"
_ZIP = "a zip, which is no photo; unpack it, or import it as a data set"
_OTHER = "not a PNG, JPEG, WebP, BMP, TIFF or GIF image; convert it to one of these"

# The brand of the whole family may stand first, and the image's own among those behind it.
_BY_CONTENT: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"....ftyp(avi[fs]|m[is]f1.{4}(.{4}){0,8}?avi[fs])", re.DOTALL), _AVIF),
    (re.compile(rb"....ftyp(hei[cxms]|hev[cxms]|mif1|msf1)", re.DOTALL), _HEIC),
    (re.compile(rb"....ftypcrx |FUJIFILMCCD-RAW|IIU\0|IIR[OS]|MMOR|.{6}HEAPCCDR|FOVb", re.DOTALL), _RAW),
    (re.compile(rb"....(ftyp|moov|mdat)|\x1a\x45\xdf\xa3|RIFF.{4}AVI |\0\0\x01[\xb3\xba]|FLV\x01", re.DOTALL), _VIDEO),
    (re.compile(rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51"), _JPEG_2000),
    (re.compile(rb"\0\0\0\x0cJXL |\xff\x0a"), _JPEG_XL),
    (re.compile(rb"%PDF-"), _PDF),
    (re.compile(rb"8BPS"), _PSD),
    (re.compile(rb"PK(\x03\x04|\x05\x06|\x07\x08)"), _ZIP),
    (re.compile(rb"(\xef\xbb\xbf)?\s*(<svg|<(\?xml|!--|!DOCTYPE)[^\0]{0,4000}?<svg)"), _SVG),
)
_RAW_NAMES = (
    *(".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".kdc", ".mef", ".mrw", ".nef", ".nrw", ".orf"),
    *(".pef", ".raf", ".raw", ".rw2", ".srw", ".x3f"),
)
_BY_NAME = {
    **dict.fromkeys((".heic", ".heif", ".hif"), _HEIC),
    ".avif": _AVIF,
    **dict.fromkeys(_RAW_NAMES, _RAW),
    **dict.fromkeys((".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".flv"), _VIDEO),
    ".pdf": _PDF,
    **dict.fromkeys((".svg", ".svgz"), _SVG),
    ".psd": _PSD,
    ".jxl": _JPEG_XL,
    **dict.fromkeys((".jp2", ".j2k"), _JPEG_2000),
    ".zip": _ZIP,
}


def why_unread(data: bytes, name: str) -> str:
    """What a file is that no reader takes, told by its first bytes, else by its name: "what it is; remedy"."""
    for signature, reason in _BY_CONTENT:
        if signature.match(data):
            return reason
    return _BY_NAME.get(_suffix(name), _OTHER)


def raw_photo(name: str) -> str:
    """The same of a raw photo by its name, "" for any other: most are TIFFs with a thumbnail first."""
    return _RAW if _suffix(name) in _RAW_NAMES else ""


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()
