"""Label maps: PNGs whose pixels are numbers, of categories or of segments, and the masks that lie in them.

Every file is a stranger's: its size is checked before it is decoded, of its chunks only the picture is kept, and each
failure is a FormatError that starts with the file's name.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from core.annotation.errors import FormatError, PhotoError
from core.annotation.labels import Colour
from core.annotation.mask import Mask
from core.annotation.truth import MAX_SEGMENTS
from core.formats.containers import read_container
from core.formats.photo import MAX_PIXELS, read_bytes

Ids = npt.NDArray[np.int32]
_COLOURS = ("RGB", "RGBA")
# Where a PNG tells the bits of a value and the kind of its colours, and the kind that is grey.
_IHDR_BITS, _IHDR_COLOURS, _GREY = 24, 25, 0


def read_label_map(path: Path) -> Ids:
    """A PNG with one channel, of 1 to 16 bits, or with a palette, as its numbers, int32 [H, W].

    Raises FormatError for any other, one with colours too.
    """
    mode, values = _read_png(path)
    if values.ndim != 2:
        raise FormatError(f"{shown(path)} has the colours {mode}; a label file has one channel, of ids")
    return values.astype(np.int32)


def read_rgb_ids(path: Path) -> Ids:
    """A PNG of 8-bit RGB as the ids R + 256·G + 256²·B, int32 [H, W]. Raises FormatError for any other."""
    mode, values = _read_png(path)
    if mode not in _COLOURS:
        raise FormatError(f"{shown(path)} has the colours {mode}; a panoptic label file has RGB")
    return _packed(values)


def read_numbers_or_colours(path: Path) -> tuple[Ids, bool]:
    """What `read_label_map` gives, and False; for a PNG of colours what `read_rgb_ids` gives, and True."""
    mode, values = _read_png(path)
    if mode in _COLOURS:
        return _packed(values), True
    if values.ndim != 2:
        raise FormatError(f"{shown(path)} has the colours {mode}; a label file has one channel, of ids, or RGB")
    return values.astype(np.int32), False


def masks_of(ids: Ids, *, without: Sequence[int] = ()) -> dict[int, Mask]:
    """The mask of each number in `ids` [H, W] but those in `without`, lowest first.

    Raises FormatError for more than MAX_SEGMENTS.
    """
    height, width = ids.shape
    flat = ids.ravel(order="F")
    starts = np.concatenate(([0], np.flatnonzero(flat[1:] != flat[:-1]) + 1))
    ends = np.append(starts[1:], flat.size)
    values = flat[starts]
    kept = np.flatnonzero(~np.isin(values, without))
    kept = kept[np.argsort(values[kept], kind="stable")]
    numbers, counts = np.unique(values[kept], return_counts=True)
    if numbers.size > MAX_SEGMENTS:
        raise FormatError(f"holds {numbers.size} different ids, more than the {MAX_SEGMENTS} segments of an image")
    masks = {}
    for number, count, last in zip(numbers.tolist(), counts, np.cumsum(counts), strict=True):
        part = kept[last - count : last]
        # The gap before each stretch of the number and the stretch, then what is left of the image.
        bounds = np.stack([starts[part], ends[part]], axis=1).ravel()
        masks[number] = Mask.from_runs(height, width, np.diff(bounds, prepend=0, append=flat.size))
    return masks


def label_map_png(ids: npt.NDArray[np.integer], bits: int, palette: Sequence[Colour] | None = None) -> bytes:
    """Numbers [H, W] below 2**bits as a PNG, the same bytes every time: 16 bits, or 8, these also with a palette."""
    assert bits in (8, 16)
    assert ids.min(initial=0) >= 0
    assert ids.max(initial=0) < 1 << bits
    picture = Image.fromarray(ids.astype(np.uint8 if bits == 8 else np.uint16))
    if palette is not None:
        assert bits == 8
        picture.putpalette([part for colour in palette for part in colour])
    out = BytesIO()
    picture.save(out, "PNG", compress_level=6)
    return out.getvalue()


def shown(path: Path) -> str:
    """Enough of a path for a person to find the file."""
    return f"{path.parent.name}/{path.name}"


def _packed(values: npt.NDArray[np.generic]) -> Ids:
    return np.asarray(values[..., :3].astype(np.int32) @ np.array([1, 256, 65_536], dtype=np.int32))


def _stretch(png: bytes) -> int:
    """By what Pillow multiplies the values: greys of 2 and 4 bits to fill a byte."""
    bits, colours = png[_IHDR_BITS], png[_IHDR_COLOURS]
    return 255 // (2**bits - 1) if colours == _GREY and bits in (2, 4) else 1


def _read_png(path: Path) -> tuple[str, npt.NDArray[np.generic]]:
    """Pillow's name for the colours, and the values: palette indices, not colours."""
    try:
        container = read_container(read_bytes(path, name=shown(path)))
        if container.file_format != "PNG":
            raise ValueError(f"it is {container.file_format}")
        # The plugin by itself: `Image.open` warns by a limit that the whole process shares.
        with PngImageFile(BytesIO(container.picture)) as image:
            width, height = image.size
            if width * height <= MAX_PIXELS:
                return image.mode, np.asarray(image) // _stretch(container.picture)
    except Exception as error:  # Pillow's decoders raise whatever a damaged file leads them into.
        reason = str(error).removeprefix(f"{shown(path)}: ") if isinstance(error, PhotoError) else error
        raise FormatError(f"{shown(path)} is missing or no intact PNG ({reason}); put the label file there") from error
    raise FormatError(f"{shown(path)} is {width}×{height}, more than {MAX_PIXELS} pixels; scale it down")
