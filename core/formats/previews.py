"""Small pictures of a photo, for a page to show before and instead of all its pixels."""

from __future__ import annotations

from collections.abc import Collection
from io import BytesIO

from PIL import Image, JpegImagePlugin

from core.annotation.errors import PhotoError
from core.formats.containers import RefusedError, read_container
from core.formats.photo import read_photo
from core.formats.unread import SAVE_AGAIN

# Masks are judged by edges, which a lower quality rings around.
_QUALITY = 88
# Takes half of Lanczos' time, which is most of a preview's, and rings around no edge; the two differ by a third of a
# grey level on average.
_FILTER = Image.Resampling.HAMMING


def preview_bytes(data: bytes, side_px: int, *, name: str) -> bytes:
    """See `previews_bytes`."""
    return previews_bytes(data, (side_px,), name=name)[side_px]


def previews_bytes(data: bytes, sides_px: Collection[int], *, name: str) -> dict[int, bytes]:
    """By each of the sides a JPEG whose longer side is at most that, of the bytes of an upright 8-bit photo as pages
    show it.

    It is decoded once; a JPEG at a half, quarter or eighth of its size where that is enough. Raises PhotoError.
    """
    try:
        container = read_container(data)
    except (RefusedError, ValueError, IndexError, ArithmeticError) as error:
        raise PhotoError(f"{name}: the picture is damaged ({error}); {SAVE_AGAIN}") from error
    if container.file_format != "JPEG":
        return _reduced(Image.fromarray(read_photo(data, name=name).pixels), sides_px)
    try:
        with JpegImagePlugin.JpegImageFile(BytesIO(container.picture)) as image:
            return _reduced(image, sides_px)
    except Exception as error:  # Pillow's decoders raise whatever a damaged file leads them into.
        raise PhotoError(f"{name}: the picture is damaged ({error}); {SAVE_AGAIN}") from error


def _reduced(image: Image.Image, sides_px: Collection[int]) -> dict[int, bytes]:
    """Each is made of the next larger one."""
    made = {}
    for side_px in sorted(sides_px, reverse=True):
        image.thumbnail((side_px, side_px), _FILTER, reducing_gap=1.0)
        out = BytesIO()
        image.convert("RGB").save(out, "JPEG", quality=_QUALITY)
        made[side_px] = out.getvalue()
    return made
