"""data.yaml: what YOLO's data sets say of their splits and categories."""

from __future__ import annotations

import reprlib
from dataclasses import dataclass
from pathlib import Path

import yaml

from core.annotation.errors import FormatError
from core.formats.json_files import read_text

# Five thousand names; PyYAML takes seconds for more.
MAX_YAML_BYTES = 2**17
# Names lie two deep; the rest is for settings of other programs.
MAX_DEPTH = 20
_SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class DataFile:
    """places: (split, where its photos are), each a folder or a list, as the file says.   names: by class."""

    name: str
    places: tuple[tuple[str, str], ...]
    names: dict[int, str]


def read_data_file(path: Path) -> DataFile:
    """Read it. Raises FormatError that starts with its name."""
    text = read_text(path, MAX_YAML_BYTES)
    try:
        _check_shape(text)
        # Everything stays text, so that a category may be called no or 1e3.
        content = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - it makes text, lists and mappings only
        return DataFile(path.name, tuple(_places(content)), _names(content))
    except yaml.YAMLError as error:
        raise FormatError(f"{path.name}: is no YAML: {' '.join(str(error).split()):.200}") from error
    except FormatError as error:
        raise FormatError(f"{path.name}: {error}") from error


def _check_shape(text: str) -> None:
    """Refuse what makes a loader take for ever: depth, and aliases, a few lines of which hold more than memory does."""
    depth = 0
    for event in yaml.parse(text, yaml.BaseLoader):
        if isinstance(event, yaml.AliasEvent):
            raise FormatError("has an alias (*name), which is not read here; write the value itself")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise FormatError("is nested too deep for a data set")


def _places(content: object) -> list[tuple[str, str]]:
    if not isinstance(content, dict):
        raise FormatError(f"says nothing of train, val and names, but {reprlib.repr(content)}")
    # An own split, such as minival, is told from other settings by its folder's name.
    splits = [key for key, value in content.items() if key in _SPLITS or value == f"images/{key}"]
    base = content.get("path")
    above = f"{base}/" if isinstance(base, str) and base else ""
    found = []
    for split in sorted(splits, key=lambda key: (_SPLITS.index(key) if key in _SPLITS else len(_SPLITS), key)):
        value = content[split]
        for place in value if isinstance(value, list) else [value]:
            if not isinstance(place, str):
                raise FormatError(f"{split} is a folder or a list of folders, got {reprlib.repr(value)}")
            if place.strip() not in ("", "null", "~"):
                found.append((split, above + place.strip()))
    if not found:
        raise FormatError("has neither train, val nor test; add the folder of the photos, such as train: images/train")
    return found


def _names(content: dict[str, object]) -> dict[int, str]:
    names = content.get("names")
    if isinstance(names, list):
        pairs: list[tuple[object, object]] = list(enumerate(names))
    elif isinstance(names, dict):
        pairs = list(names.items())
    elif names in (None, ""):
        raise FormatError("has no names; add the categories, such as names: [person, car]")
    else:
        raise FormatError(f"names is a list or a mapping, got {reprlib.repr(names)}")
    return {_class(key): _text(name, key) for key, name in pairs}


def _class(key: object) -> int:
    text = str(key) if isinstance(key, int | str) else ""
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise FormatError(f"names has the key {reprlib.repr(key)}; the keys are whole numbers from 0")
    return int(text)


def _text(name: object, key: object) -> str:
    if not isinstance(name, str):
        raise FormatError(f"name {key} is no text: {reprlib.repr(name)}; put it in quotes")
    return name
