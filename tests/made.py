"""Small things that many tests make: masks, photos, workspaces with proposals."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from app.workflows.ingest import PhotoFile, add_photos, sample_photos
from core.annotation.labels import Category, LabelSet
from core.annotation.mask import Mask
from core.annotation.proposals import ClassScore, Proposal
from storage.categories import seed_label_set
from storage.images import ImageRecord
from storage.proposals import save_proposals
from storage.workspace import Workspace
from tests.storage.new_workspaces import new_workspace

MODEL_SHA256 = "ab" * 32
LABELS = LabelSet.of(
    [
        Category(1, "person", True, (200, 40, 40)),
        Category(3, "car", True, (40, 40, 200)),
        Category(7, "sky", False, (90, 160, 220)),
        Category(9, "road", False, (90, 90, 90)),
    ]
)


@functools.lru_cache(maxsize=32)
def photo_bytes(width: int, height: int, *, seed: int = 0, file_format: str = "PNG") -> bytes:
    """A photo of smooth colours, different for each seed."""
    ramp = np.linspace(0, 255, width * height * 3).reshape(height, width, 3)
    pixels = np.roll(ramp, seed * 7, axis=1).astype(np.uint8)
    out = BytesIO()
    Image.fromarray(pixels).save(out, file_format)
    return out.getvalue()


def disc(height: int, width: int, row: float, column: float, radius: float) -> npt.NDArray[np.bool_]:
    rows, columns = np.ogrid[:height, :width]
    return np.asarray((rows - row) ** 2 + (columns - column) ** 2 <= radius**2)


def random_proposals(count: int, height: int, width: int, *, seed: int = 0) -> list[Proposal]:
    """Overlapping discs with scores that fall, named person, car, sky or region in turn."""
    rng = np.random.default_rng(seed)
    names = ("person", "car", "sky", "region")
    made = []
    for query in range(count):
        radius = rng.uniform(0.05, 0.3) * min(height, width)
        mask = disc(height, width, rng.uniform(0, height), rng.uniform(0, width), radius)
        mask[height // 2, width // 2] = True
        scores = tuple(ClassScore(names[(query + step) % 4], 0.8 / 5**step) for step in range(4))
        made.append(Proposal(query, Mask.from_array(mask), 0.99 - 0.9 * query / count, scores))
    return made


def make_workspace(
    folder: Path,
    *,
    photos: int = 1,
    size: tuple[int, int] = (120, 90),
    proposals: int = 20,
    database: str | None = None,
) -> tuple[Workspace, Sequence[ImageRecord]]:
    """An open workspace with LABELS, photos of `size` (width, height) and the same number of proposals on each."""
    workspace = new_workspace(folder, database=database)
    with workspace.database.write() as session:
        seed_label_set(session, LABELS)
    files = []
    for number in range(photos):
        path = folder.parent / f"photo-{number}.png"
        path.write_bytes(photo_bytes(*size, seed=number))
        files.append(PhotoFile(path, path.name))
    return workspace, _with_proposals(workspace, files, proposals)


def sample_workspace(folder: Path) -> tuple[Workspace, Sequence[ImageRecord]]:
    """An open workspace with LABELS and the photos that come with Maskwright, each with made proposals."""
    workspace = new_workspace(folder)
    with workspace.database.write() as session:
        seed_label_set(session, LABELS)
    return workspace, _with_proposals(workspace, sample_photos(), 20)


def _with_proposals(workspace: Workspace, files: Sequence[PhotoFile], count: int) -> Sequence[ImageRecord]:
    images = add_photos(workspace, files).added
    for number, image in enumerate(images):
        offered = random_proposals(count, image.height, image.width, seed=number)
        with workspace.database.write() as session:
            save_proposals(session, image.id, MODEL_SHA256, "made", offered)
    return images
