"""The little of MATLAB's files, version 5, that holds partitions: a cell of structs, each with a matrix.

SciPy's reader allocates what a damaged file asks for and can crash the process, so a stranger's file is not for it.
Here nothing is allocated but what the file holds, unpacked up to MAX_UNPACKED_BYTES, and nothing nests deeper.
Source: MathWorks, MAT-File Format.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Literal

import numpy as np
import numpy.typing as npt

from core.annotation.errors import FormatError

# A photo of BSDS500 has ten partitions at most, which unpack to 5 MB.
MAX_UNPACKED_BYTES = 128 * 2**20
_HEAD_BYTES = 128
_MATRIX, _COMPRESSED = 14, 15
_CELL, _STRUCT = 1, 2
# Whole numbers by the type of their element.
_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 12: "i8", 13: "u8"}
_Order = Literal["little", "big"]


def cells_of_structs(content: bytes, variable: str, field: str, *, name: str) -> list[npt.NDArray[np.integer]]:
    """The matrices [H, W] of whole numbers that are the `field` of each struct in the cell `variable`.

    `name` is the file's, for messages. Raises FormatError.
    """
    try:
        return list(_fields(content, variable, field))
    except (ValueError, StopIteration, IndexError, RuntimeError, zlib.error) as error:
        raise FormatError(
            f"{name}: is no intact MATLAB file, version 5, with {variable} ({error or 'it ends early'}); "
            f"take an intact copy"
        ) from error


@dataclass(frozen=True)
class _Matrix:
    """A matrix's class, shape, name, and the elements that follow: numbers, cells or fields."""

    kind: int
    shape: tuple[int, ...]
    name: str
    rest: Iterator[tuple[int, memoryview]]


def _fields(content: bytes, variable: str, field: str) -> Iterator[npt.NDArray[np.integer]]:
    order = _byte_order(content)
    for matrix in _variables(content, order):
        if matrix.name == variable and matrix.kind == _CELL:
            for kind, data in matrix.rest:
                yield _field(_matrix(kind, data, order), field, order)
            return
    raise ValueError("it lacks that cell")


def _byte_order(content: bytes) -> _Order:
    orders: dict[bytes, _Order] = {b"\0\1IM": "little", b"\1\0MI": "big"}
    found = orders.get(content[124:_HEAD_BYTES])
    if found is None:
        raise ValueError("it begins like none")
    return found


def _variables(content: bytes, order: _Order) -> Iterator[_Matrix]:
    left = MAX_UNPACKED_BYTES
    for kind, data in _elements(memoryview(content)[_HEAD_BYTES:], order):
        if kind == _COMPRESSED:
            unpacking = zlib.decompressobj()
            unpacked = unpacking.decompress(data, left)
            left -= len(unpacked)
            if unpacking.unconsumed_tail or not left:
                raise ValueError(f"it unpacks to more than {MAX_UNPACKED_BYTES} bytes")
            yield _matrix(*next(_elements(memoryview(unpacked), order)), order)
        else:
            yield _matrix(kind, data, order)


def _elements(data: memoryview, order: _Order) -> Iterator[tuple[int, memoryview]]:
    """The (type, bytes) of the elements one after another, each but compressed ones filled up to eight bytes."""
    position = 0
    while position < len(data):
        kind, size = (int.from_bytes(data[at : at + 4], order) for at in (position, position + 4))
        start = position + 8
        # A small element has its size beside its type, and its bytes in the place of the size.
        if kind >> 16:
            kind, size, start = kind & 0xFFFF, kind >> 16, position + 4
        if start + size > len(data) or (start == position + 4 and size > 4):
            raise ValueError("it ends early")
        yield kind, data[start : start + size]
        position = start + size if kind == _COMPRESSED else position + 8 * -(-(start + size - position) // 8)


def _matrix(kind: int, data: memoryview, order: _Order) -> _Matrix:
    if kind != _MATRIX:
        raise ValueError(f"an element of type {kind} stands where a matrix should be")
    rest = _elements(data, order)
    (_, flags), (_, shape), (_, name) = next(rest), next(rest), next(rest)
    sides = tuple(int.from_bytes(shape[at : at + 4], order) for at in range(0, len(shape), 4))
    return _Matrix(int.from_bytes(flags[:4], order) & 0xFF, sides, bytes(name).decode("latin-1"), rest)


def _field(struct: _Matrix, field: str, order: _Order) -> npt.NDArray[np.integer]:
    if struct.kind != _STRUCT or prod(struct.shape) != 1:
        raise ValueError("a cell holds no struct")
    (_, length), (_, names) = next(struct.rest), next(struct.rest)
    width = int.from_bytes(length, order)
    listed = [bytes(names[at : at + width]).partition(b"\0")[0].decode("latin-1") for at in range(0, len(names), width)]
    place = listed.index(field)
    for _ in range(place):
        next(struct.rest)
    return _numbers(_matrix(*next(struct.rest), order), order)


def _numbers(matrix: _Matrix, order: _Order) -> npt.NDArray[np.integer]:
    kind, data = next(matrix.rest)
    if kind not in _TYPES or len(matrix.shape) != 2 or 0 in matrix.shape:
        raise ValueError("a matrix holds no whole numbers")
    values = np.frombuffer(data, np.dtype(_TYPES[kind]).newbyteorder("<" if order == "little" else ">"))
    return values.reshape(matrix.shape, order="F")
