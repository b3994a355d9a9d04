"""Splits: the parts of a data set, such as train and val, that an image belongs to by its content alone."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from types import MappingProxyType

from core.annotation.errors import FormatError

DEFAULT_SHARES: Mapping[str, float] = MappingProxyType({"train": 0.8, "val": 0.2})
# Names become folders and files of an export; formats use train, val, test, trainval, minival2014 …
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
_HASHED_BYTES = 8
# Decimal shares such as 0.7 + 0.2 + 0.1 do not add up exactly.
_ROUNDING = 1e-6


def split_of(sha256: str, shares: Mapping[str, float] = DEFAULT_SHARES) -> str:
    """The split of the image whose file has this SHA-256 (hexadecimal): the same for ever, whatever else is there.

    The hash's first 8 bytes are a place from 0 to 1; the shares, added up in their order, say whose it is.
    """
    place = int(sha256[: 2 * _HASHED_BYTES], 16) / 256**_HASHED_BYTES
    reached = 0.0
    for name, share in shares.items():
        reached += share
        if place < reached:
            return name
    return [name for name, share in shares.items() if share][-1]


def parse_shares(text: str) -> Mapping[str, float]:
    """Shares as people write them, `train=0.8,val=0.2`, which add up to 1. Raises FormatError."""
    shares: dict[str, float] = {}
    for part in text.split(","):
        name, _, number = part.partition("=")
        name = check_split_name(name.strip())
        # Splits become folders, and not every disk tells a from A.
        if name.lower() in map(str.lower, shares):
            raise FormatError(f"the split {name} stands twice in {text!r:.120}; give it one share")
        shares[name] = _share(number.strip(), part)
    total = math.fsum(shares.values())
    if abs(total - 1) > _ROUNDING:
        raise FormatError(f"the shares of {text!r:.120} add up to {total:g}; they must add up to 1")
    return MappingProxyType(shares)


def check_split_name(name: str) -> str:
    """The name, if a split may have it. Raises FormatError."""
    if not _NAME.fullmatch(name):
        raise FormatError(
            f"{name!r:.120} is no name of a split; use up to 32 letters, digits, _ and -, such as train=0.8,val=0.2"
        )
    return name


def _share(number: str, part: str) -> float:
    try:
        share = float(number)
    except ValueError:
        share = math.nan
    if not 0 <= share <= 1:
        raise FormatError(f"{part.strip()!r:.120} gives no share from 0 to 1; write it as train=0.8,val=0.2")
    return share
