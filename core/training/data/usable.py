"""Which images of a set can be used: their files are there, can be read, and agree in size."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from core.annotation.errors import MaskwrightError, TrainingError
from core.formats.label_maps import shown
from core.formats.photo import photo_size
from core.training.data.images import Candidate, LabelledImage, Skipped

# Threads wait for the disk most of the time.
THREADS = 8
# The signature, then the length and name of the first chunk, which begins with width and height.
_PNG_START = struct.Struct(">8s4x4sII")


def usable(candidates: Sequence[Candidate]) -> tuple[tuple[LabelledImage, ...], tuple[Skipped, ...]]:
    """The images that can be used, in order, and the others with the reason; files are opened, not decoded."""
    with ThreadPoolExecutor(THREADS) as pool:
        problems = list(pool.map(_problem, candidates))
    pairs = [(candidate.image, problem) for candidate, problem in zip(candidates, problems, strict=True)]
    images = tuple(image for image, problem in pairs if problem is None)
    return images, tuple(Skipped(f"photo {image.name}", problem) for image, problem in pairs if problem is not None)


def _problem(candidate: Candidate) -> str | None:
    image = candidate.image
    try:
        height, width = photo_size(image.path, name=image.name)
        sizes = {path.name: png_size(path) for path in candidate.labels}
    except MaskwrightError as error:
        return str(error).removeprefix(f"{image.name}: ")
    if candidate.size is not None:
        sizes["the set's JSON"] = candidate.size
    for name, size in sizes.items():
        if size != (height, width):
            return f"is {width}×{height}, but {size[1]}×{size[0]} in {name}"
    return None


def png_size(path: Path) -> tuple[int, int]:
    """(height, width) of a PNG, from its first bytes. Raises TrainingError when it is none."""
    try:
        with path.open("rb") as file:
            signature, chunk, width, height = _PNG_START.unpack(file.read(_PNG_START.size))
    except FileNotFoundError as error:
        raise TrainingError(f"its labels {shown(path)} are missing") from error
    except (OSError, struct.error) as error:
        raise TrainingError(f"its labels {shown(path)} cannot be read ({error})") from error
    if signature != b"\x89PNG\r\n\x1a\n" or chunk != b"IHDR":
        raise TrainingError(f"its labels {shown(path)} are no PNG")
    return height, width
