"""Plain values of JSON as what a config's type hints say; a value of another kind is refused by its field's name."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

from core.annotation.errors import TrainingError

# How a value of a kind is to be written, by the words that errors show.
KINDS: Mapping[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a finite number",
    str: "a text in quotes",
}
NONE = type(None)
# JSON's whole numbers know no end, floats do.
LARGEST = 10**300


def read_fields(kind: Any, values: Any, place: str, readers: Mapping[Any, Callable[[Any], Any]]) -> Any:
    """An instance of the dataclass `kind` from a mapping, whose values are as its type hints say.

    place: where the mapping stands, for errors: "" or names and a dot.   readers: of types that read themselves.
    Raises TrainingError with the field, its value, and what it may be.
    """
    if not isinstance(values, Mapping):
        raise TrainingError(
            f"the configuration's {place[:-1] or 'content'} is a set of names and values, got {values!r:.60}"
        )
    hints = typing.get_type_hints(kind)
    unknown = sorted(str(name) for name in set(values) - set(hints))
    if unknown:
        raise TrainingError(f"the configuration has no {place}{unknown[0]}; known are {', '.join(sorted(hints))}")
    read = {name: _read(hints[name], value, f"{place}{name}", readers) for name, value in values.items()}
    try:
        return kind(**read)
    except TrainingError as error:
        if not place:
            raise
        raise TrainingError(f"the configuration's {place[:-1]}: {error}") from error


def _read(hint: Any, value: Any, place: str, readers: Mapping[Any, Callable[[Any], Any]]) -> Any:
    if hint in readers:
        return _read_by(readers[hint], value, place)
    if dataclasses.is_dataclass(hint):
        return read_fields(hint, value, f"{place}.", readers)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple:
        return _tuple(arguments, value, place, readers)
    if origin is Mapping:
        if not isinstance(value, Mapping):
            raise _refused(place, "a set of names and values", value)
        return {name: _read(arguments[1], item, f"{place}.{name}", readers) for name, item in value.items()}
    if origin in (typing.Union, types.UnionType):
        # Of the hints here, each allows null and one thing more.
        (other,) = (choice for choice in arguments if choice is not NONE)
        return None if value is None else _read(other, value, place, readers)
    if origin is typing.Literal:
        if not isinstance(value, str) or value not in arguments:
            raise _refused(place, f"one of {', '.join(map(repr, arguments))}", value)
        return value
    return _plain(hint, value, place)


def _read_by(reader: Callable[[Any], Any], value: Any, place: str) -> Any:
    try:
        return reader(value)
    except (TypeError, ValueError) as error:
        raise TrainingError(f"the configuration's {place} cannot be used: {error}") from error


def _tuple(hints: tuple[Any, ...], value: Any, place: str, readers: Mapping[Any, Callable[[Any], Any]]) -> Any:
    if not isinstance(value, list | tuple):
        raise _refused(place, "a list", value)
    if hints[-1] is Ellipsis:
        hints = (hints[0],) * len(value)
    if len(value) != len(hints):
        raise _refused(place, f"a list of {len(hints)} values", value)
    return tuple(
        _read(hint, item, f"{place}[{number}]", readers)
        for number, (hint, item) in enumerate(zip(hints, value, strict=True))
    )


def _plain(kind: Any, value: Any, place: str) -> Any:
    """A number or text; a whole number is also a number, and true is none."""
    assert kind in KINDS, f"a config's field has no kind {kind}"
    if kind is float and type(value) is int and abs(value) < LARGEST:
        return float(value)
    if type(value) is not kind or (kind is float and not math.isfinite(value)):
        raise _refused(place, KINDS[kind], value)
    return value


def _refused(place: str, wanted: str, value: Any) -> TrainingError:
    return TrainingError(f"the configuration's {place} is {wanted}, got {value!r:.60}")
