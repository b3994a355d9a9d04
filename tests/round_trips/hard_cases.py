"""Data sets that break converters: holes, pieces, single pixels, crowds, overlaps, odd sizes, hard names and ids.

Everything is made from fixed numbers, so that each run sees the same sets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.annotation.labels import Category, LabelSet, distinct_colour
from core.annotation.mask import Mask
from core.annotation.truth import Progress, Segment, Source, Truth
from core.formats.exported import ExportImage
from core.formats.names import UniqueNames
from tests.made import disc

Array = npt.NDArray[np.bool_]
# The first EXIF orientations that exchange height and width, by their own definition: 90° clockwise.
TURNED = 6
MEDIA_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}


@dataclass(frozen=True)
class HardSet:
    """photos: each image's file, by its export name."""

    label_set: LabelSet
    images: tuple[ExportImage, ...]
    photos: Mapping[str, bytes]


@dataclass(frozen=True)
class Part:
    """A segment to be made: bool [H, W], category id, crowd flag, and its id where it must have a certain one."""

    array: Array
    category_id: int | None
    crowd: bool = False
    id: int | None = None


@dataclass(frozen=True)
class Scene:
    """An image to be made; `parts` go from the bottom to the top."""

    file_name: str
    size: tuple[int, int]
    parts: tuple[Part, ...] = ()
    done: bool = True
    turned: bool = False
    split: str = "train"


def label_set(names: Iterable[str], ids: Iterable[int], stuff: Iterable[int] = ()) -> LabelSet:
    """Categories in the order of their names; those with an id in `stuff` are stuff, the others things."""
    kinds = set(stuff)
    pairs = zip(names, ids, strict=True)
    return LabelSet.of(Category(i, name, i not in kinds, distinct_colour(k)) for k, (name, i) in enumerate(pairs))


PLAIN = label_set(["person", "car", "dog", "sky", "road"], [1, 2, 3, 4, 5], stuff=[4, 5])
# The ids of the Cityscapes list reach 33; 65 is the last whose instances fit into 16 bits.
GAPS = label_set(["road", "sky", "person", "car", "crane"], [7, 23, 24, 26, 65], stuff=[7, 23])
# Five of Cityscapes' own.
STREETS = label_set(["road", "sky", "person", "rider", "car"], [7, 23, 24, 25, 26], stuff=[7, 23])
WIDE = label_set(["nought", "one", "deep", "deeper", "last"], [0, 1, 65_535, 65_536, 2**31 - 1], stuff=[65_535])
HARD_NAMES = label_set(
    [
        'dog, "brown"',
        "cat's",
        "-leading dash",
        "--",
        "# no comment",
        "key: value",
        "a:1,2,3::",
        "Straße ü",
        "天空",
        "🚗 car",
        "e\u0301te\u0301",
        "null",
        "yes",
        "1",
        "0x10",
        "{x}",
        "[y]",
        "a\\b/c",
        "two  blanks",
        "<b>&amp;",
        "%s",
        "x" * 120,
    ],
    range(1, 23),
    stuff=[8, 9],
)


def box(size: tuple[int, int], top: int, left: int, bottom: int, right: int) -> Array:
    array = np.zeros(size, dtype=bool)
    array[top:bottom, left:right] = True
    return array


def ring(size: tuple[int, int], row: float, column: float, outer: float, inner: float) -> Array:
    return disc(*size, row, column, outer) & ~disc(*size, row, column, inner)


def noise(size: tuple[int, int], share: float, seed: int) -> Array:
    array: Array = np.random.default_rng(seed).random(size) < share
    return array


def corner(size: tuple[int, int], row: int, column: int) -> Array:
    """A mask of one pixel."""
    array = np.zeros(size, dtype=bool)
    array[row, column] = True
    return array


def shapes(ids: Sequence[int]) -> tuple[Scene, ...]:
    """Every hard shape in a small image; `ids` are three things and two stuff categories."""
    thing, other, third, stuff, ground = ids
    size = (60, 80)
    whole = np.ones(size, dtype=bool)
    checks = (np.indices(size).sum(0) % 2 == 0) & box(size, 5, 50, 20, 75)
    diagonal = np.eye(*size, dtype=bool)
    return (
        Scene(
            "holes with islands.jpg",
            size,
            (
                Part(ring(size, 30, 30, 25, 15), thing),
                Part(ring(size, 30, 30, 10, 5), thing),
                Part(disc(*size, 30, 30, 3), other),
                Part(box(size, 40, 60, 58, 78) & ~box(size, 41, 61, 44, 64) & ~box(size, 50, 70, 52, 72), third),
            ),
        ),
        Scene(
            "in several parts.png",
            size,
            (
                Part(box(size, 0, 0, 10, 10) | box(size, 20, 20, 30, 30) | box(size, 50, 70, 60, 80), thing),
                Part(diagonal & ~box(size, 0, 0, 30, 30), other),
                Part(checks, third),
                Part(box(size, 30, 0, 60, 5) | box(size, 0, 15, 3, 40), stuff),
            ),
            split="val",
        ),
        Scene(
            "single pixels.webp",
            size,
            (
                Part(corner(size, 0, 0), thing),
                Part(corner(size, 59, 79), other),
                Part(corner(size, 0, 79), stuff),
                Part(corner(size, 30, 40), third),
                Part(corner(size, 31, 41), third),
            ),
        ),
        Scene("one whole.jpg", size, (Part(whole, ground),)),
        Scene("a whole thing under things.jpg", size, (Part(whole, thing), Part(box(size, 5, 5, 20, 20), other))),
        Scene(
            "crowds.png",
            size,
            (
                Part(box(size, 0, 0, 60, 30), thing, crowd=True),
                Part(box(size, 10, 40, 20, 50), thing, crowd=True),
                Part(box(size, 30, 40, 50, 60), thing),
                Part(box(size, 52, 40, 58, 60), other, crowd=True),
            ),
        ),
        Scene(
            "overlaps.jpg",
            size,
            (
                Part(box(size, 0, 0, 40, 40), thing),
                Part(box(size, 10, 10, 15, 15), other),
                Part(box(size, 5, 5, 30, 60), third),
                Part(box(size, 20, 20, 60, 80), thing),
                Part(ring(size, 30, 40, 20, 18), other),
            ),
            split="val",
        ),
        Scene(
            "nested and equal.jpg",
            size,
            (
                *(Part(box(size, n, n, 60 - n, 80 - n), ids[n % 5]) for n in range(9)),
                Part(box(size, 8, 8, 52, 72), thing),
            ),
        ),
        Scene(
            "stuff in pieces.jpg",
            size,
            (
                Part(box(size, 0, 0, 20, 80), stuff),
                Part(box(size, 30, 0, 40, 80), stuff),
                Part(box(size, 40, 0, 60, 80), ground),
                Part(box(size, 15, 20, 45, 30), thing),
            ),
        ),
        Scene(
            "unlabelled between.png",
            size,
            (
                Part(box(size, 0, 0, 30, 40), None),
                Part(box(size, 10, 10, 50, 60), thing),
                Part(box(size, 20, 20, 40, 40), None),
                Part(box(size, 30, 30, 60, 80), stuff),
            ),
        ),
        Scene("noise.png", size, (Part(noise(size, 0.5, 1), stuff), Part(noise(size, 0.1, 2), thing))),
        Scene("nothing.jpg", size),
        Scene("nothing yet.jpg", size, done=False),
        Scene("in work.jpg", size, (Part(box(size, 0, 0, 30, 80), stuff), Part(whole, None)), done=False),
        Scene("turned.jpg", (80, 60), (Part(box((80, 60), 0, 0, 20, 50), thing),), turned=True),
        Scene("strip.png", (1, 97), (Part(box((1, 97), 0, 3, 1, 50), thing), Part(box((1, 97), 0, 60, 1, 97), stuff))),
        Scene("column.png", (97, 1), (Part(box((97, 1), 3, 0, 50, 1), thing), Part(corner((97, 1), 96, 0), other))),
        Scene("dot.png", (1, 1), (Part(np.ones((1, 1), dtype=bool), thing),), split="val"),
        Scene("sliver.png", (333, 7), (Part(noise((333, 7), 0.4, 3), other), Part(box((333, 7), 1, 2, 300, 6), third))),
        Scene(
            "large.jpg",
            (480, 640),
            tuple(Part(disc(480, 640, 40 * n, 60 * n, 70), (thing, other, third)[n % 3]) for n in range(11)),
        ),
    )


def image_names() -> tuple[Scene, ...]:
    """Names that a shell, a list file, a URL or another file system would change."""
    size = (12, 16)
    names = [
        "with blanks .jpg",
        "日本 фото é.png",
        "same.jpg",
        "same.png",
        "Same.webp",
        "-dash.jpg",
        "# hash.jpg",
        "a,b;c.jpg",
        "it's.jpg",
        "100%25.jpg",
        "a & b.jpg",
        "dots.in.name.jpg",
        "a_leftImg8bit.png",
        "x_gtFine_labelIds.png",
        "labels.jpg",
        "train.png",
        "NAME_1.jpg",
        "u\u0308ber.jpg",
    ]
    ends = range(len(names))
    return tuple(
        Scene(name, size, (Part(box(size, 0, 0, 4 + n % 8, 3 + n % 13), 1 + n % 5),), split=("train", "val")[n % 2])
        for n, name in zip(ends, names, strict=True)
    )


def many_segments(count: int, *category_ids: int) -> tuple[Scene, ...]:
    """One image with `count` segments of these categories in turn, a pixel each."""
    size = (40, 60)
    parts = [
        Part(box(size, n // 60, n % 60, n // 60 + 1, n % 60 + 1), category_ids[n % len(category_ids)])
        for n in range(count)
    ]
    return (Scene("many.png", size, tuple(parts)),)


def each_category(labels: LabelSet) -> tuple[Scene, ...]:
    """Segments of every category, at most sixty to an image."""
    size = (12, 60)
    ids = [category.id for category in labels]
    scenes = []
    for start in range(0, len(ids), 60):
        some = ids[start : start + 60]
        parts = tuple(Part(box(size, 0, n, 12 - n % 5, n + 1), number) for n, number in enumerate(some))
        scenes.append(Scene(f"categories from {start}.png", size, parts))
    return tuple(scenes)


def large_ids() -> tuple[Scene, ...]:
    """Segment ids of one, two and three bytes, and categories with ids up to the largest of 31 bits."""
    size = (8, 30)
    numbers = [1, 255, 256, 65_535, 65_536, 2**24 - 1]
    wide = [category.id for category in WIDE]
    parts = [Part(box(size, 0, 5 * n, 8, 5 * n + 4), wide[n % 5], id=number) for n, number in enumerate(numbers)]
    return (Scene("large ids.png", size, tuple(parts)),)


def made(labels: LabelSet, scenes: Iterable[Scene]) -> HardSet:
    """The scenes as images of an export with ids 1001, 1002, …, and their photos."""
    names = UniqueNames()
    images, photos = [], {}
    number = 0
    for place, scene in enumerate(scenes):
        file_format = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP"}[scene.file_name.rpartition(".")[2]]
        segments = []
        for order, part in enumerate(scene.parts, start=1):
            number = part.id or number + 1
            segments.append(
                Segment(number, Mask.from_array(part.array), part.category_id, order, Source.DRAWN, part.crowd)
            )
        name = names.take(scene.file_name, MEDIA_TYPES[file_format])
        truth = Truth(
            *scene.size,
            segments=tuple(segments),
            progress=Progress.DONE if scene.done else Progress.OPEN,
            last_segment_id=number,
        )
        images.append(ExportImage(scene.file_name, name, 1001 + place, *scene.size, truth, scene.split, True))
        photos[name] = _photo(scene, file_format, place)
    return HardSet(labels, tuple(images), MappingProxyType(photos))


def _photo(scene: Scene, file_format: str, seed: int) -> bytes:
    """A photo of the scene's size once it is upright; no two are alike."""
    height, width = scene.size
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    out = BytesIO()
    if scene.turned:
        exif = Image.Exif()
        exif[0x0112] = TURNED
        Image.fromarray(np.rot90(pixels).copy()).save(out, file_format, exif=exif)
    else:
        Image.fromarray(pixels).save(out, file_format)
    return out.getvalue()


_RECIPES: Mapping[str, Callable[[], tuple[LabelSet, tuple[Scene, ...]]]] = MappingProxyType(
    {
        "shapes": lambda: (PLAIN, shapes([1, 2, 3, 4, 5])),
        "gaps": lambda: (GAPS, shapes([24, 26, 65, 7, 23])),
        "streets": lambda: (STREETS, shapes([24, 25, 26, 23, 7])),
        "image names": lambda: (PLAIN, image_names()),
        "category names": lambda: (HARD_NAMES, each_category(HARD_NAMES)),
        "wide ids": lambda: (WIDE, large_ids()),
        "254 categories": lambda: _numbered(254),
        "255 categories": lambda: _numbered(255),
        "256 categories": lambda: _numbered(256),
        "300 categories": lambda: _numbered(300),
        "254 segments": lambda: (PLAIN, many_segments(254, 1)),
        "255 segments": lambda: (PLAIN, many_segments(255, 1)),
        "999 segments": lambda: (PLAIN, many_segments(999, 1)),
        "255 segments of five": lambda: (PLAIN, many_segments(255, 1, 2, 3, 4, 5)),
        "536 cranes": lambda: (GAPS, many_segments(536, 65)),
        "537 cranes": lambda: (GAPS, many_segments(537, 65)),
        "1001 segments": lambda: (PLAIN, many_segments(1001, 1)),
    }
)
HARD_SETS = tuple(_RECIPES)


@cache
def hard_set(name: str) -> HardSet:
    """The set of this name, one of HARD_SETS."""
    return made(*_RECIPES[name]())


def _numbered(count: int) -> tuple[LabelSet, tuple[Scene, ...]]:
    labels = label_set((f"category {n}" for n in range(count)), range(1, count + 1), stuff=range(3, count, 4))
    return labels, each_category(labels)
