"""LabelMe in: a JSON for each photo, beside it or in a folder of its own.

Categories are names, so they get ids from 1: first the lines of labels.txt, where that is, then names as files have
them. Shapes that share label and group_id are parts of one segment, which lies where the first one does. Flags of a
shape say crowd and, with the label of that name, unlabelled. A photo without a JSON is not labelled.
"""

from __future__ import annotations

import posixpath
import reprlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from core.annotation.errors import FormatError, LabelSetError, MaskwrightError
from core.annotation.labels import Category, distinct_colour
from core.annotation.mask import Mask
from core.annotation.truth import MAX_SEGMENTS
from core.formats.images.read import visible_files
from core.formats.imported import DataSet, Problem, ReadImage, ReadSegment
from core.formats.json_files import load_json
from core.formats.label_folders import Entry, data_set, text_lines, unlabelled
from core.formats.labelme.shapes import shape_mask
from core.formats.labelme.write import CROWD_FLAG, NAMES_FILE, UNLABELLED_FLAG, UNLABELLED_LABEL
from core.formats.photo import MAX_PIXELS, photo_size
from core.formats.places import PHOTO_SUFFIXES, inside

Content = Mapping[str, object]
# What labelme's own lists of labels begin with; they name no category, unless another list names them.
_IGNORED, _BACKGROUND = "__ignore__", "_background_"
_REMARKS = {_IGNORED: "became an unlabelled segment", _BACKGROUND: "became no segment"}


@dataclass(frozen=True)
class _Set:
    """Where the data set lies, and its categories' ids by name."""

    root: Path
    photos: Path | None
    ids: Mapping[str, int]


def read_labelme(place: Path, photos: Path | None) -> DataSet:
    """Open the set at its folder, with the folders in it, or a single JSON. Raises FormatError."""
    root = place if place.is_dir() else place.parent
    files = visible_files(root) if place.is_dir() else [place.name]
    problems: list[Problem] = []
    names, shown, labelled = _listed(root), set(), []
    for name in (name for name in files if name.lower().endswith(".json")):
        try:
            content = load_json(inside(root, name))
            if not _is_labelme(content):
                continue
            labelled.append(name)
            for label in _labels(content):
                names.setdefault(label, name)
            shown.add(_photo(content, name, root, photos))
        except FormatError as error:
            if name not in labelled:
                problems.append(Problem(name, "", str(error).removeprefix(f"{posixpath.basename(name)}: ")))
    if not labelled:
        told = "; ".join(map(str, problems[:3])) or "no JSON there has shapes and an imagePath"
        raise FormatError(f"looked for LabelMe's files in {place}: {told}")
    categories = tuple(_categories(names, problems))
    opened = _Set(root, photos, {category.name: category.id for category in categories})
    entries = [Entry(name, partial(_image, name, opened)) for name in labelled]
    photo_folder, names_there = (root, files) if photos is None else (photos, visible_files(photos))
    there = (photo_folder / name for name in names_there if name.lower().endswith(PHOTO_SUFFIXES))
    entries += [unlabelled(path) for path in there if path not in shown]
    return data_set(categories, entries, problems)


def _listed(root: Path) -> dict[str, str]:
    """The names of labels.txt, where it is, with the file that has them."""
    path = root / NAMES_FILE
    lines = text_lines(path) if path.is_file() else []
    left_out = _REMARKS if lines[:1] == [_IGNORED] else ()
    return dict.fromkeys((line for line in lines if line and line not in left_out), NAMES_FILE)


def _is_labelme(content: object) -> bool:
    return isinstance(content, dict) and isinstance(content.get("shapes"), list) and "imagePath" in content


def _labels(content: object) -> Iterator[str]:
    for shape in _shapes(content):
        if isinstance(shape, dict) and (label := _label(shape)) is not None and label not in _REMARKS:
            yield label


def _shapes(content: object) -> list[object]:
    assert isinstance(content, dict)
    shapes: list[object] = content["shapes"]
    return shapes


def _label(shape: Content) -> str | None:
    """The category's name, None for unlabelled."""
    label, flags = shape.get("label"), shape.get("flags")
    if not isinstance(label, str):
        return None
    marked = isinstance(flags, dict) and flags.get(UNLABELLED_FLAG) is True
    return None if marked and label == UNLABELLED_LABEL else label.strip()


def _special(shape: object, ids: Mapping[str, int]) -> str | None:
    """The label of a shape where it is one of labelme's own."""
    label = _label(shape) if isinstance(shape, dict) else None
    return label if label in _REMARKS and label not in ids else None


def _categories(names: Mapping[str, str], problems: list[Problem]) -> Iterator[Category]:
    number = 1
    for name, file in names.items():
        try:
            yield Category(number, name, True, distinct_colour(number))
            number += 1
        except LabelSetError as error:
            problems.append(Problem(file, "a label", f"cannot be used: {error}"))


def _photo(content: object, name: str, root: Path, photos: Path | None) -> Path:
    """The photo that a JSON called `name` is of. Raises FormatError when it is not there."""
    assert isinstance(content, dict)
    said = content["imagePath"]
    if not isinstance(said, str) or not said:
        raise FormatError(f"imagePath is the photo's file, got {reprlib.repr(said)}")
    for path in _candidates(said.replace("\\", "/"), posixpath.dirname(name), root, photos):
        if path.is_file():
            return path
    if content.get("imageData"):
        raise FormatError(f"has its photo only in imageData; save it as the file {said!r:.120} beside")
    raise FormatError(f"its photo {said!r:.120} is not in the data set; name the folder of the photos (--images)")


def _candidates(said: str, folder: str, root: Path, photos: Path | None) -> Iterator[Path]:
    """Where a photo may be that a JSON in `folder` of the data set calls `said`; never outside both folders."""
    base = posixpath.basename(said) or said
    named = posixpath.normpath(posixpath.join(folder, said))
    if not named.startswith(("..", "/")):
        if photos is not None:
            yield inside(photos, named)
        yield inside(root, named)
    if photos is not None:
        yield inside(photos, base)
    yield inside(root, posixpath.join(folder, base))
    yield inside(root, posixpath.join("images", base))


def _image(name: str, opened: _Set) -> ReadImage:
    content = load_json(inside(opened.root, name))
    if not _is_labelme(content):
        raise FormatError(f"{posixpath.basename(name)}: has no shapes and imagePath any more; import again")
    assert isinstance(content, dict)
    photo = _photo(content, name, opened.root, opened.photos)
    size = _size(content, photo)
    problems: list[Problem] = []
    parts: dict[object, list[ReadSegment]] = {}
    for number, shape in enumerate(_shapes(content), start=1):
        try:
            if number > MAX_SEGMENTS:
                raise FormatError(f"is beyond the {MAX_SEGMENTS} segments of an image; it and the rest are left out")
            special = _special(shape, opened.ids)
            if special is not None:
                remark = f"has the label {special!r} and {_REMARKS[special]}"
                problems.append(Problem(name, f"shape {number}", remark, taken=True))
            if special == _BACKGROUND:
                continue
            key, part = _part(number, shape, size, opened.ids)
            parts.setdefault(key, []).append(part)
        except MaskwrightError as error:
            problems.append(Problem(name, f"shape {number}", str(error)))
        if number > MAX_SEGMENTS:
            break
    segments = tuple(map(_together, parts.values()))
    return ReadImage(photo.name, photo, segments, size, problems=tuple(problems))


def _size(content: Content, photo: Path) -> tuple[int, int]:
    """(height, width); files of old versions leave it to the photo."""
    height, width = content.get("imageHeight"), content.get("imageWidth")
    if height is None and width is None:
        return photo_size(photo, name=photo.name)
    if type(height) is not int or type(width) is not int or height < 1 or width < 1:
        raise FormatError(f"imageHeight and imageWidth are whole numbers, got {height!r:.40} and {width!r:.40}")
    if height * width > MAX_PIXELS:
        raise FormatError(f"the image is {width}×{height}, more than {MAX_PIXELS} pixels; scale it down")
    return height, width


def _part(number: int, shape: object, size: tuple[int, int], ids: Mapping[str, int]) -> tuple[object, ReadSegment]:
    """(what parts of one segment share, this part)."""
    if not isinstance(shape, dict) or not isinstance(shape.get("label"), str):
        raise FormatError(f"has no label: {reprlib.repr(shape)}")
    name = None if _special(shape, ids) else _label(shape)
    if name is not None and name not in ids:
        raise FormatError(f"has the label {name!r:.60}, which cannot be a category's name")
    flags, group = shape.get("flags"), shape.get("group_id")
    crowd = isinstance(flags, dict) and flags.get(CROWD_FLAG) is True
    part = ReadSegment(shape_mask(shape, *size), None if name is None else ids[name], crowd)
    return ((number,) if group is None else (name, str(group)), part)


def _together(parts: list[ReadSegment]) -> ReadSegment:
    first = parts[0]
    return ReadSegment(Mask.union([part.mask for part in parts]), first.category_id, any(part.crowd for part in parts))
