"""What the formats with label maps share: entries read one at a time, lists of names, photos without labels."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType

from core.annotation.errors import FormatError, LabelSetError, MaskwrightError
from core.annotation.labels import Category, Colour, distinct_colour
from core.annotation.mask import Mask
from core.formats.imported import DataSet, Problem, ReadImage, ReadSegment
from core.formats.json_files import read_text
from core.formats.label_maps import Ids, masks_of, read_label_map
from core.formats.places import PHOTO_SUFFIXES, Photos, inside

# A list of names: thousands of them fit.
MAX_LIST_BYTES = 16_000_000
# A map of another format has hundreds of ids that mean nothing; a few of them show what is wrong.
_MOST_NAMED = 10


@dataclass(frozen=True)
class Entry:
    """An image of a data set: `file` names it in messages, `read` raises MaskwrightError when nothing of it can be
    used."""

    file: str
    read: Callable[[], ReadImage]


def data_set(categories: Iterable[Category], entries: Sequence[Entry], problems: Iterable[Problem] = ()) -> DataSet:
    """The data set of these entries, which are read again at each pass."""
    images = partial(_read_all, tuple(entries))
    return DataSet(tuple(categories), len(entries), images, _Uses(images), tuple(problems))


def _read_all(entries: Sequence[Entry]) -> Iterator[ReadImage | Problem]:
    for entry in entries:
        try:
            yield entry.read()
        except MaskwrightError as error:
            yield Problem(entry.file, "", _without_name(str(error), entry.file))


def _without_name(message: str, file: str) -> str:
    """The message without the file's name in front, as the problem has it already."""
    parts = file.split("/")
    for shown in (f"{'/'.join(parts[-2:])} ", f"{file}: ", f"{parts[-1]}: "):
        message = message.removeprefix(shown)
    return message


class _Uses:
    """Whether a segment has a category; the first question reads the whole set."""

    def __init__(self, images: Callable[[], Iterator[ReadImage | Problem]]) -> None:
        self._images = images
        self._used: frozenset[int | None] | None = None

    def __call__(self, category_id: int) -> bool:
        if self._used is None:
            read = (image for image in self._images() if isinstance(image, ReadImage))
            self._used = frozenset(segment.category_id for image in read for segment in image.segments)
        return category_id in self._used


@dataclass(frozen=True)
class Meaning:
    """What the values of label maps stand for: `category_of` a category's id, `silent` nothing; `file` says so."""

    category_of: Mapping[int, int]
    silent: Sequence[int]
    file: str


@dataclass(frozen=True)
class Part:
    """A part of a data set: its label files, named as their photos are.

    name: its name inside the set.   own: where photos of this part alone are.   shared: where all photos may be.
    """

    name: str
    labels: Path
    own: tuple[Path, ...]
    shared: tuple[Path, ...] = ()
    split: str = ""


def whole_entries(part: Part, meaning: Meaning) -> Iterator[Entry]:
    """The images of a part whose pixels name categories, one segment a category, then its photos without labels."""
    photos = Photos((*part.own, *part.shared))
    labels = label_files(part.labels)
    for path in labels:
        file = f"{part.name}/{path.name}"
        yield Entry(file, partial(_whole_image, path, file, part.split, photos, meaning))
    own = next((folder for folder in part.own if folder.is_dir()), None)
    if own is not None:
        yield from (unlabelled(photo, part.split) for photo in photos_without(own, {path.stem for path in labels}))


def _whole_image(path: Path, file: str, split: str, photos: Photos, meaning: Meaning) -> ReadImage:
    photo = photos.with_stem(path.stem)
    ids = read_label_map(itself(path))
    segments, problems = whole_segments(ids, meaning, file)
    return ReadImage(photo.name, photo, segments, ids.shape, split=split, problems=problems)


def whole_segments(ids: Ids, meaning: Meaning, file: str) -> tuple[tuple[ReadSegment, ...], tuple[Problem, ...]]:
    """One segment for each category in a map [H, W], and a problem for each value without a meaning; such pixels belong
    to no segment. `file` is the map's."""
    masks = masks_of(ids, without=meaning.silent)
    unknown = {value: masks.pop(value) for value in list(masks) if value not in meaning.category_of}
    known = tuple(ReadSegment(mask, meaning.category_of[value]) for value, mask in masks.items())
    return known, unknown_values(unknown, file, meaning.file)


def unknown_values(
    masks: Mapping[int, Mask], file: str, names_in: str, words: Mapping[int, str] = MappingProxyType({})
) -> tuple[Problem, ...]:
    """The problems of values that nothing names, by their masks; `words` for them, where "id 7" is not right."""
    problems = [
        Problem(file, words.get(value, f"id {value}"), f"is not in {names_in}: its {mask.area} pixels are left void")
        for value, mask in list(masks.items())[:_MOST_NAMED]
    ]
    if (more := len(masks) - _MOST_NAMED) > 0:
        problems.append(Problem(file, f"{more} more ids", f"are not in {names_in}: their pixels are left void"))
    return tuple(problems)


def unlabelled(photo: Path, split: str = "") -> Entry:
    """A photo that nobody has labelled."""
    return Entry(photo.name, partial(_unlabelled, photo, split))


def _unlabelled(photo: Path, split: str) -> ReadImage:
    return ReadImage(photo.name, itself(photo), labelled=False, split=split)


def itself(path: Path) -> Path:
    """The path of a file that was listed. Raises FormatError where it is a link that leads out of its folder."""
    return inside(path.parent, path.name)


def photos_without(folder: Path, stems: Collection[str]) -> list[Path]:
    """The photos of a folder, which need not exist, whose names but for the extension are not among `stems`."""
    if not folder.is_dir():
        return []
    photos = (path for path in folder.iterdir() if path.suffix.lower() in PHOTO_SUFFIXES)
    return sorted(path for path in photos if path.stem not in stems and path.is_file())


def label_files(folder: Path, ending: str = ".png") -> list[Path]:
    """The label files of a folder, which need not exist, by name; their ending in any case; hidden ones are none."""
    if not folder.is_dir():
        return []
    found = (path for path in folder.iterdir() if path.name.lower().endswith(ending.lower()))
    return sorted(path for path in found if path.name[0] != "." and path.is_file())


def labels_by_name(folder: Path, ending: str = ".png") -> dict[str, Path]:
    """As `label_files`, by their names without the ending."""
    return {path.name[: -len(ending)]: path for path in label_files(folder, ending)}


def folders_in(folder: Path) -> list[Path]:
    """The folders in a folder, which need not exist, by name, without hidden ones."""
    return sorted(path for path in folder.iterdir() if path.is_dir() and path.name[0] != ".") if folder.is_dir() else []


def text_lines(path: Path) -> list[str]:
    """The lines of a list without blanks at their ends, nor empty ones at the end. Raises FormatError."""
    lines = [line.strip() for line in read_text(path, MAX_LIST_BYTES).splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def checked_category(file: str, number: int, name: str, is_thing: bool, colour: Colour | None = None) -> Category:
    """A category as a list has it, in a colour of its own by default. Raises FormatError for an unusable name."""
    try:
        return Category(number, name.strip(), is_thing, colour or distinct_colour(number))
    except LabelSetError as error:
        raise FormatError(f"{file}: {error}") from error


def folder_of(place: Path) -> Path:
    """The folder of a data set that is given by it or by a file in it. Raises FormatError when nothing is there."""
    if place.is_dir():
        return place
    if place.is_file():
        return place.parent
    raise FormatError(f"there is nothing at {place}; give the folder of a data set")
