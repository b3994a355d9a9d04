"""A comparison in a run's folder."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from app.workflows.learning.views import COMPARED, COMPARISON_FILE, Comparison
from core.annotation.files import write_atomically


def write_comparison(comparison: Comparison, folder: Path) -> None:
    """Write it into a run's folder, whole or not at all."""
    with write_atomically(folder / COMPARISON_FILE) as file:
        file.write(json.dumps(dataclasses.asdict(comparison), indent=1, ensure_ascii=False).encode() + b"\n")


def read_comparison(folder: Path) -> Comparison | None:
    """What a run's comparison came to; None while there is none, or when its file is damaged."""
    try:
        found = Comparison(**json.loads((folder / COMPARISON_FILE).read_bytes()))
        return found if _is_whole(found) else None
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def _is_whole(found: Comparison) -> bool:
    names = set(COMPARED) if found.images else set()
    scores = [*found.before.values(), *found.after.values()] if names else []
    numbers = [found.images, found.before_threshold, found.after_threshold, *(one for one in scores if one is not None)]
    return (
        isinstance(found.before_name, str)
        and isinstance(found.before_sha256, str)
        and set(found.before) == set(found.after) == names
        and all(isinstance(number, int | float) for number in numbers)
    )
