"""Photos and label files that lie in two folders and share their names."""

from __future__ import annotations

from pathlib import Path

from core.training.data.images import Skipped, photos_in


def pair(photos: Path, labels: Path) -> tuple[list[tuple[Path, Path]], list[Skipped]]:
    """Each photo with its label file STEM.png, there or not, by name; and the label files without a photo."""
    pairs = [(photo, labels / f"{photo.stem}.png") for photo in photos_in(photos)]
    known = {label.name for _, label in pairs}
    others = sorted(path.name for path in labels.glob("*.png") if path.name not in known)
    return pairs, [Skipped(f"{labels.name}/{name}", f"has no photo in {photos.name}/") for name in others]
