"""File names that are safe on every system, made from whatever users call their photos."""

from __future__ import annotations

import re
import unicodedata

# Common file systems take 255 bytes; the rest is left for what tools add to a name.
MAX_NAME_BYTES = 150
# The formats that a page shows are the only ones that an export writes photos in.
_EXTENSIONS = {"image/jpeg": (".jpg", ".jpeg"), "image/png": (".png",), "image/webp": (".webp",)}
_FORBIDDEN = re.compile(r'[<>:"|?*]')
# Device names of Windows, with or without an extension; the superscript digits count there too.
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(\..*)?", re.IGNORECASE)


def safe_name(file_name: str, media_type: str, *, number: int = 1) -> str:
    """A basename of at most MAX_NAME_BYTES bytes that stays in its folder and opens everywhere.

    Folders, control and invisible characters go, letters of all languages stay. The extension is the user's own
    where it suits the media type. A `number` over 1 stands at the stem's end and tells equal names apart.
    """
    stem, extension = _parts(file_name, _EXTENSIONS[media_type])
    ending = (f"-{number}" if number > 1 else "") + extension
    kept = stem.encode()[: MAX_NAME_BYTES - len(ending)].decode(errors="ignore").rstrip(". ")
    return kept + ending


def _parts(file_name: str, extensions: tuple[str, ...]) -> tuple[str, str]:
    base = unicodedata.normalize("NFC", re.split(r"[/\\]", file_name)[-1])
    visible = "".join(character for character in base if unicodedata.category(character)[0] != "C")
    stem, dot, extension = visible.rpartition(".")
    if not dot:
        stem, extension = visible, ""
    # A leading dot hides a file, a leading dash makes it an option.
    stem = _FORBIDDEN.sub("_", stem).strip(". ").lstrip("-. ") or "image"
    if _RESERVED.fullmatch(stem):
        stem = f"_{stem}"
    own = f".{extension}"
    return stem, own if own.lower() in extensions else extensions[0]


class UniqueNames:
    """Gives each photo a safe name that differs from all before, by more than its case or extension."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._last: dict[str, int] = {}

    def take(self, file_name: str, media_type: str) -> str:
        first = self._key(safe_name(file_name, media_type))
        number = self._last.get(first, 0) + 1
        while self._key(name := safe_name(file_name, media_type, number=number)) in self._taken:
            number += 1
        self._taken.add(self._key(name))
        self._last[first] = number
        return name

    def _key(self, name: str) -> str:
        return unicodedata.normalize("NFKC", name.rpartition(".")[0]).casefold()
