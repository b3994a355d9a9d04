"""Workspaces with large photos and a hundred masks each, for the figures of the page."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from app.workflows.correct import Submission, correct
from app.workflows.ingest import PhotoFile, add_photos, sample_photos
from core.annotation.corrections import Operation, Request
from core.annotation.mask import Mask
from core.annotation.proposals import ClassScore, Proposal
from storage.categories import seed_label_set
from storage.images import ImageRecord
from storage.proposals import load_proposals, save_proposals
from storage.workspace import Workspace
from tests.made import LABELS, MODEL_SHA256

MASKS = 100
# What is drawn at this size is enlarged, since a disc of 24 megapixels takes a second to make.
_DRAWN_PX = (1500, 1000)


def large_photos(workspace: Workspace, folder: Path, size: tuple[int, int], count: int) -> Sequence[ImageRecord]:
    """`count` JPEGs of `size` (width, height): the sample photos enlarged, each with MASKS proposals of wavy discs."""
    files = []
    samples = sample_photos()
    for number in range(count):
        with Image.open(samples[number % len(samples)].path) as photo:
            large = photo.convert("RGB").resize(size, Image.Resampling.BICUBIC)
        # No two files are the same bytes, or they would be one blob.
        large.putpixel((0, 0), (number % 256, number // 256, size[0] % 256))
        path = folder / f"{size[0]}-{number}.jpg"
        large.save(path, quality=90)
        files.append(PhotoFile(path, path.name))
    images = add_photos(workspace, files).added
    offered = wavy_proposals(size)
    for image in images:
        with workspace.database.write() as session:
            save_proposals(session, image.id, MODEL_SHA256, "made", offered)
    return images


def wavy_proposals(size: tuple[int, int]) -> list[Proposal]:
    """MASKS overlapping discs with wavy borders, of 3 to 25 % of the photo's shorter side in radius, best first."""
    made = []
    for query, inside in enumerate(_wavy_discs()):
        pixels = np.asarray(Image.fromarray(inside).resize(size, Image.Resampling.NEAREST))
        scores = tuple(ClassScore(name, 0.8 / 5**step) for step, name in enumerate(("person", "car", "sky")))
        made.append(Proposal(query, Mask.from_array(pixels), 0.99 - 0.4 * query / MASKS, scores))
    return made


@cache
def _wavy_discs() -> list[npt.NDArray[np.bool_]]:
    rng = np.random.default_rng(0)
    width, height = _DRAWN_PX
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    made = []
    for _ in range(MASKS):
        dx, dy = x - rng.uniform(0, width), y - rng.uniform(0, height)
        waves = 1 + 0.12 * np.sin(rng.integers(3, 25) * np.arctan2(dy, dx))
        inside = np.hypot(dx, dy) < rng.uniform(0.03, 0.25) * height * waves
        inside[height // 2, width // 2] = True
        made.append(inside)
    return made


def accept_all(workspace: Workspace, image: ImageRecord) -> None:
    """Make every proposal a segment."""
    with workspace.database.read() as session:
        ids = tuple(proposal.id for proposal in load_proposals(session, image.id, MODEL_SHA256))
    request = Request(Operation.ACCEPT, proposals=ids)
    correct(workspace, Submission(image.id, "benchmark", image.id, "local", image.revision, request))


def open_workspace(home: Path) -> Workspace:
    """A new workspace with LABELS."""
    workspace = Workspace.open(home)
    with workspace.database.write() as session:
        seed_label_set(session, LABELS)
    return workspace
