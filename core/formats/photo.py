"""Photos: from an image file to upright 8-bit RGB pixels, and back to what a page can show.

Every file is a stranger's. Its format is told by content, its size is checked before it is decoded, a picture that
is cut short is refused, and every failure is a PhotoError that starts with the file's name.
"""

from __future__ import annotations

import stat
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from core.annotation.errors import PhotoError
from core.formats.containers import Container, RefusedError, read_container
from core.formats.unread import SAVE_AGAIN

# Cameras sold as of 50 megapixels make up to 50.4; decoding such a photo stays under a gigabyte of memory.
MAX_PIXELS = 51_000_000
# Twice a 50-megapixel photo in PNG; the file itself is held in memory while it is decoded.
MAX_BYTES = 134_217_728
# A progressive JPEG has about ten scans; a file of a few kilobytes can ask for thousands over all its pixels.
MAX_SCANS_OF_ALL_PIXELS = 20

# The plugins are called by themselves: `Image.open` warns and refuses by a limit that the whole process shares.
_DECODERS: dict[str, type[ImageFile.ImageFile]] = {
    "PNG": PngImagePlugin.PngImageFile,
    "JPEG": JpegImagePlugin.JpegImageFile,
    "WebP": WebPImagePlugin.WebPImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
}
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# A quarter turn: height and width change places.
_TURNED = {5, 6, 7, 8}
# Eight megabytes of float64.
_STRETCHED_AT_ONCE = 1_000_000
_PLAIN_MODES = {"1", "L", "P", "RGB", "RGBX", "YCbCr"}


@dataclass(frozen=True)
class Photo:
    """A decoded photo: `pixels` uint8 [H, W, 3], RGB, upright.

    `file_format` is PNG, JPEG, WebP, BMP, TIFF or GIF. `note` says what was done to get here, empty for nothing.
    `as_stored`: a browser shows the original bytes with these very pixels. `lossy`: the file's pixels were
    compressed with loss, so compressing them once more gives nothing away. `orientation`: the EXIF one of the file,
    1 for upright.
    """

    pixels: npt.NDArray[np.uint8]
    file_format: str
    note: str
    as_stored: bool
    lossy: bool
    orientation: int = 1

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])


def read_photo(source: Path | bytes, *, name: str, max_pixels: int = MAX_PIXELS, max_bytes: int = MAX_BYTES) -> Photo:
    """Read an image file, or the bytes of one. Raises PhotoError: "name: reason; remedy"."""
    try:
        data = source if isinstance(source, bytes) else _file_bytes(source, max_bytes)
        if len(data) > max_bytes:
            raise RefusedError(f"more than {max_bytes} bytes; save it smaller or as JPEG")
        return _decode(read_container(data, name), max_pixels)
    except RefusedError as error:
        raise PhotoError(f"{name}: {error}") from error
    except Exception as error:  # Pillow's decoders raise whatever a damaged file leads them into.
        reason = str(error) or type(error).__name__
        raise PhotoError(f"{name}: the picture is damaged or cut short ({reason}); {SAVE_AGAIN}") from error


def photo_size(source: Path | bytes, *, name: str) -> tuple[int, int]:
    """(height, width) of an image file or of its bytes, upright, without decoding the picture. Raises PhotoError."""
    try:
        data = source if isinstance(source, bytes) else _file_bytes(source, MAX_BYTES)
        container = read_container(data, name)
        _check_size(container.canvas or (1, 1), container.scans, MAX_PIXELS)
        with _DECODERS[container.file_format](BytesIO(container.picture)) as image:
            _check_size(image.size, container.scans, MAX_PIXELS)
            width, height = image.size
    except RefusedError as error:
        raise PhotoError(f"{name}: {error}") from error
    except Exception as error:  # Pillow's decoders raise whatever a damaged file leads them into.
        raise PhotoError(f"{name}: the picture is damaged or cut short ({error}); {SAVE_AGAIN}") from error
    return (width, height) if container.orientation in _TURNED else (height, width)


def read_bytes(path: Path, *, name: str, max_bytes: int = MAX_BYTES) -> bytes:
    """The bytes of a file, at most one more than `max_bytes` (which `read_photo` refuses). Raises PhotoError."""
    try:
        return _file_bytes(path, max_bytes)
    except RefusedError as error:
        raise PhotoError(f"{name}: {error}") from error


def _file_bytes(path: Path, max_bytes: int) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise RefusedError("not a file; choose an image file")
        with path.open("rb") as file:
            return file.read(max_bytes + 1)
    except OSError as error:
        raise RefusedError(
            f"cannot be read ({error.strerror}); check that the file is there and may be read"
        ) from error


def _decode(container: Container, max_pixels: int) -> Photo:
    _check_size(container.canvas or (1, 1), container.scans, max_pixels)
    notes = ["first frame of several"] if container.animated else []
    mode, rgb = _picture(container, max_pixels, notes)
    if container.orientation != 1:
        rgb = rgb.transpose(_UPRIGHT[container.orientation])
        notes.append(f"turned upright (EXIF {container.orientation})")
    shown_by_browsers = container.file_format in {"JPEG", "PNG", "WebP"} and mode in {"L", "RGB"}
    return Photo(
        pixels=np.array(rgb),
        file_format=container.file_format,
        note=", ".join(notes),
        as_stored=shown_by_browsers and not notes,
        lossy=container.lossy,
        orientation=container.orientation,
    )


def _picture(container: Container, max_pixels: int, notes: list[str]) -> tuple[str, Image.Image]:
    """The mode that the file's picture has, and the picture as RGB, as it lies in the file."""
    with _DECODERS[container.file_format](BytesIO(container.picture)) as image:
        _check_size(image.size, container.scans, max_pixels)
        image.load()
        return image.mode, _to_rgb(image, container.bits, notes)


def _check_size(size: tuple[int, int], scans: int, max_pixels: int) -> None:
    width, height = size
    if width * height > max_pixels:
        raise RefusedError(
            f"{width}×{height} is {width * height / 1e6:.1f} megapixels, more than {max_pixels / 1e6:g}; scale it down"
        )
    if width * height * scans > MAX_SCANS_OF_ALL_PIXELS * max_pixels:
        raise RefusedError(f"{scans} JPEG scans of {width}×{height}, which no photo has; {SAVE_AGAIN}")


def _to_rgb(image: Image.Image, bits: int, notes: list[str]) -> Image.Image:
    """The picture as RGB, with what that took added to `notes`."""
    if image.mode in {"I", "F"}:
        notes.append("values stretched to 8 bits")
        return Image.fromarray(_stretched(np.asarray(image))).convert("RGB")
    if image.mode.startswith("I;16"):
        notes.append(f"{bits} bits scaled to 8")
        return _deep_grey(image, bits, notes)
    if bits > 8:
        notes.append(f"{bits} bits scaled to 8")
    if image.mode == "CMYK":
        notes.append("CMYK converted")
        return image.convert("RGB")
    if image.has_transparency_data:
        return _on_white(image.convert("RGBA"), notes)
    if image.mode not in _PLAIN_MODES:
        raise RefusedError(f"colours coded as {image.mode}, which is not read; {SAVE_AGAIN}")
    # A conversion to its own mode would copy, and a large WebP's decoder holds memory enough.
    return image if image.mode == "RGB" else image.convert("RGB")


def _stretched(values: npt.NDArray[np.int32] | npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Measurements of any range, as greys from their lowest finite value to their highest."""
    flat = values.ravel()
    finite = np.isfinite(flat)
    known = flat[finite]
    grey = np.zeros(flat.size, dtype=np.uint8)
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    if high > low:
        for start in range(0, flat.size, _STRETCHED_AT_ONCE):
            part = slice(start, start + _STRETCHED_AT_ONCE)
            scaled = np.where(finite[part], flat[part], low).astype(np.float64) - low
            grey[part] = np.rint(scaled * (255 / (high - low)))
    return grey.reshape(values.shape)


def _deep_grey(image: Image.Image, bits: int, notes: list[str]) -> Image.Image:
    """Grey of 9 to 16 bits: the whole range of the format becomes 0 to 255, whatever part the photo uses."""
    values = np.asarray(image).astype(np.uint32)
    top = (1 << min(bits, 16)) - 1
    grey = ((values * 255 + top // 2) // top).astype(np.uint8)
    see_through = image.info.get("transparency")
    if see_through is not None:
        grey[values == see_through] = 255
        notes.append("transparency put on white")
    return Image.fromarray(grey).convert("RGB")


def _on_white(image: Image.Image, notes: list[str]) -> Image.Image:
    alpha = image.getchannel("A")
    if alpha.getextrema() == (255, 255):
        return image.convert("RGB")
    notes.append("transparency put on white")
    sheet = Image.new("RGB", image.size, "white")
    sheet.paste(image, mask=alpha)
    return sheet


def display_bytes(photo: Photo) -> tuple[bytes, str]:
    """(bytes, media type) of what a page shows where the original will not do: the same pixels, lossless unless
    the file was lossy already."""
    image, out = Image.fromarray(photo.pixels), BytesIO()
    if photo.lossy:
        image.save(out, "JPEG", quality=95, subsampling="4:4:4")
        return out.getvalue(), "image/jpeg"
    image.save(out, "PNG", compress_level=6)
    return out.getvalue(), "image/png"
