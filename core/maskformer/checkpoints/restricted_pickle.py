"""Pickles of NumPy arrays, read without running anything that they name.

A pickle names functions and has them called. Here a few names stand for functions of this module, which
only build arrays from bytes; any other name is refused. NumPy's own functions are not called either.
"""

from __future__ import annotations

import io
import math
import pickle
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NoReturn

import numpy as np
import numpy.typing as npt

from core.annotation.errors import ModelError

# NumPy 2 calls its inner package _core; files name the one of the NumPy that wrote them.
NUMPY_CORES = ("numpy.core", "numpy._core")
# Kind and bytes an item: floating-point and whole numbers, and truth values.
ITEM_KINDS = frozenset({"f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"})
BYTE_ORDERS = "<>=|"
MAX_DIMENSIONS = 8

Values = npt.NDArray[Any]


def read_arrays(content: bytes) -> dict[str, Values]:
    """The arrays by name that a pickle holds: in a dict, or in the dict under the key "model" of one.

    Whatever else stands beside "model" is left out. Raises ModelError for anything but plain containers, texts,
    numbers and arrays of numbers; the message says what the file asked for. None of it is run.
    """
    value = _load(content)
    arrays = value.get("model", value) if isinstance(value, dict) else None
    if not isinstance(arrays, dict):
        raise ModelError('holds no tensors; a detectron2 checkpoint is a dict with a dict of arrays under "model"')
    finished = {_text(name): _finished(name, array) for name, array in arrays.items()}
    if sum(values.nbytes for values in finished.values()) > len(content):
        raise ModelError("holds arrays that share their bytes, and would take more room than the file; save it again")
    return finished


def _load(content: bytes) -> object:
    try:
        # Python 2 wrote bytes as texts; latin-1 keeps each byte.
        return _Unpickler(io.BytesIO(content), encoding="latin-1").load()
    except ModelError:
        raise
    # A broken pickle can fail at any of its small steps, in many ways; none of them reaches outside this module.
    except Exception as error:
        raise ModelError(f"not an intact pickle ({type(error).__name__}); take an intact copy") from error


class _ItemType:
    """Stands for numpy.dtype: the kind of an array's items."""

    def __init__(self, code: object, *_: object) -> None:
        self.code = _text(code)
        self.order = "="
        if self.code not in ITEM_KINDS:
            raise ModelError(f"holds an array of items of the type {self.code!r:.40}; only numbers are read")

    def __setstate__(self, state: object) -> None:
        """state: (version, byte order, …); the rest describes types that are not admitted."""
        order = _text(state[1]) if isinstance(state, tuple) and len(state) > 1 else ""
        if order not in BYTE_ORDERS:
            raise ModelError(f"holds an item type without a known byte order, {order!r:.40}")
        self.order = order

    def of(self, content: bytes | bytearray, shape: Sequence[object], order: str) -> Values:
        """The array of this shape whose items lie in `content`, in C or F order."""
        sides = [side for side in shape if isinstance(side, int) and side >= 0]
        kind = np.dtype(self.order + self.code)
        if len(sides) < len(shape) or len(sides) > MAX_DIMENSIONS or math.prod(sides) * kind.itemsize != len(content):
            raise ModelError(f"holds an array whose shape does not fit its {len(content)} bytes; take an intact copy")
        return np.frombuffer(content, kind).reshape(sides, order="F" if order == "F" else "C")


class _Array:
    """Stands for numpy.ndarray, first without its values."""

    def __init__(self, *_: object) -> None:
        self.values: Values | None = None

    @classmethod
    def holding(cls, values: Values) -> _Array:
        array = cls()
        array.values = values
        return array

    def __setstate__(self, state: object) -> None:
        """state: (version, shape, item type, whether columns come first, bytes)."""
        match state:
            case (int(), tuple(shape), _ItemType() as items, int(by_columns), bytes() | str() as content):
                self.values = items.of(_bytes(content), shape, "F" if by_columns else "C")
            case _:
                raise ModelError("holds an array that is not described by a shape, an item type and bytes")


def _from_buffer(content: object, items: object, shape: object, order: object) -> _Array:
    """Stands for the function by which protocol 5 writes arrays."""
    if not (isinstance(content, bytes | bytearray) and isinstance(items, _ItemType) and isinstance(shape, tuple)):
        raise ModelError("holds an array that is not described by bytes, an item type and a shape")
    return _Array.holding(items.of(content, shape, _text(order)))


def _scalar(items: object, content: object = None) -> _Array:
    """Stands for the function that makes NumPy's single numbers; here they stay arrays of no dimension."""
    if not (isinstance(items, _ItemType) and isinstance(content, bytes | str)):
        raise ModelError("holds a number that is not described by an item type and bytes")
    return _Array.holding(items.of(_bytes(content), (), "C"))


def _encode(text: object, encoding: object = "latin1") -> bytes:
    """Stands for _codecs.encode, by which old protocols write bytes."""
    if _text(encoding) not in ("latin1", "latin-1"):
        raise ModelError(f"holds bytes in the encoding {encoding!r:.40}; only latin1 is read")
    return _bytes(_text(text))


class _Dict(dict[str | int, object]):
    """A dict that takes texts and numbers as keys. Tuples that hold one another could take for ever to hash."""

    def __init__(self, items: object = ()) -> None:
        super().__init__()
        if not isinstance(items, list | tuple):
            raise ModelError("holds a dict that is not made from a list")
        for key, value in items:
            self[key] = value

    def __setitem__(self, key: str | int, value: object) -> None:
        if not isinstance(key, str | int):
            raise ModelError(f"holds a dict with a {type(key).__name__} as key; only texts and numbers are read")
        super().__setitem__(key, value)


def _text(value: object) -> str:
    if not isinstance(value, str | bytes):
        raise ModelError(f"holds {type(value).__name__} where a text belongs; take an intact copy")
    return value if isinstance(value, str) else value.decode("latin-1")


def _bytes(value: bytes | str) -> bytes:
    return value if isinstance(value, bytes) else value.encode("latin-1")


def _finished(name: object, array: object) -> Values:
    if not isinstance(array, _Array) or array.values is None:
        raise ModelError(f"holds no array of numbers under {name!r:.80}")
    return array.values


class _Admitted:
    """A function that a pickle may call and, unlike a function, not change."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[..., object]) -> None:
        self._function = function

    def __call__(self, *arguments: object) -> object:
        return self._function(*arguments)

    def __setstate__(self, state: object) -> NoReturn:
        raise ModelError("sets the state of a function; take an intact copy")


ADMITTED = {
    ("numpy", "ndarray"): _Admitted(_Array),
    ("numpy", "dtype"): _Admitted(_ItemType),
    ("_codecs", "encode"): _Admitted(_encode),
    ("collections", "OrderedDict"): _Admitted(_Dict),
    **{(f"{core}.multiarray", "_reconstruct"): _Admitted(_Array) for core in NUMPY_CORES},
    **{(f"{core}.multiarray", "scalar"): _Admitted(_scalar) for core in NUMPY_CORES},
    **{(f"{core}.numeric", "_frombuffer"): _Admitted(_from_buffer) for core in NUMPY_CORES},
}


# Not needed for arrays in plain containers: sets, objects without a function, and what lies outside the file.
LEFT_OUT = (
    pickle.EMPTY_SET + pickle.ADDITEMS + pickle.FROZENSET + pickle.INST + pickle.OBJ + pickle.NEWOBJ
    + pickle.NEWOBJ_EX + pickle.EXT1 + pickle.EXT2 + pickle.EXT4 + pickle.PERSID + pickle.BINPERSID
    + pickle.NEXT_BUFFER + pickle.READONLY_BUFFER
)  # fmt: skip


# The unpickler written in Python: the one in C makes room for whatever a broken file claims to hold.
class _Unpickler(pickle._Unpickler):
    append: Callable[[object], None]
    read: Callable[[int], bytes]
    pop_mark: Callable[[], list[Any]]

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ADMITTED:
            raise ModelError(
                f"asks for {module}.{name}, which could run code; only NumPy arrays in plain containers are read"
            )
        return ADMITTED[module, name]

    def load_empty_dict(self) -> None:
        self.append(_Dict())

    def load_dict(self) -> None:
        items = self.pop_mark()
        self.append(_Dict(list(zip(items[::2], items[1::2], strict=True))))

    def load_bytearray(self) -> None:
        # Reading finds at most what the file holds; the inherited way reserves what it claims.
        self.append(self.read(int.from_bytes(self.read(8), "little")))

    dispatch: ClassVar[dict[int, Any]] = {
        code: load for code, load in pickle._Unpickler.dispatch.items() if code not in LEFT_OUT
    } | {
        pickle.EMPTY_DICT[0]: load_empty_dict,
        pickle.DICT[0]: load_dict,
        pickle.BYTEARRAY8[0]: load_bytearray,
    }
