"""Small workspaces with corrections to learn from, and a small model to begin with."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from app.workflows.correct import Submission, correct
from app.workflows.ingest import PhotoFile, add_photos
from app.workflows.learning.requests import RunRequest
from core.annotation.corrections import Operation, Request
from core.annotation.mask import Mask
from core.maskformer.checkpoint import save_model
from storage.categories import seed_label_set
from storage.images import ImageRecord, labelled_images
from storage.models import ModelRecord, NewModel, add_model
from storage.runs import NewRun, ProcessName, add_run, end_run
from storage.snapshots import SnapshotImage, add_snapshot
from storage.tables import Part, RunState
from storage.truths import load_truth
from storage.workspace import Workspace
from tests.core.maskformer.small_models import small_model
from tests.made import LABELS, disc
from tests.storage.new_workspaces import new_workspace

SIDE = 96
PERSON, CAR, SKY = 1, 3, 7

_seqs = itertools.count(1)


def base_model(folder: Path) -> str:
    """A small model with the categories cat, grass and region; what `base` or --start take for it."""
    save_model(small_model(), folder / "base", extra={"threshold": 0.2})
    return str(folder / "base")


def disc_photo(seed: int) -> tuple[bytes, list[Mask]]:
    """A grey photo of SIDE² with two coloured discs, and their masks; different for each seed."""
    rng = np.random.default_rng(seed)
    pixels = np.full((SIDE, SIDE, 3), 120, dtype=np.uint8) + rng.integers(0, 8, (SIDE, SIDE, 3), dtype=np.uint8)
    masks = []
    for place, colour in enumerate(((250, 200, 40), (20, 40, 200))):
        inside = disc(SIDE, SIDE, *rng.uniform(25, 70, 2), 12 + 6 * place)
        pixels[inside] = colour
        masks.append(Mask.from_array(inside))
    content = BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return content.getvalue(), masks


def do(workspace: Workspace, image_id: int, request: Request) -> None:
    """Correct the image as the page does."""
    with workspace.database.read() as session:
        revision = load_truth(session, image_id).revision
    correct(workspace, Submission(image_id, "made-client", next(_seqs), "ann", revision, request))


def corrected_workspace(folder: Path, *, done: int, in_work: int = 0) -> tuple[Workspace, Sequence[ImageRecord]]:
    """A workspace of disc photos with drawn segments: a person and a car on each; the first `done` are done."""
    workspace = new_workspace(folder)
    with workspace.database.write() as session:
        seed_label_set(session, LABELS)
    files, masks = [], []
    for seed in range(done + in_work):
        content, own = disc_photo(seed)
        path = folder.parent / f"discs-{seed}.png"
        path.write_bytes(content)
        files.append(PhotoFile(path, path.name))
        masks.append(own)
    images = add_photos(workspace, files).added
    for place, (image, own) in enumerate(zip(images, masks, strict=True)):
        for mask, category in zip(own, (PERSON, CAR), strict=True):
            do(workspace, image.id, Request(Operation.DRAW, mask=mask, category_id=category))
        if place < done:
            do(workspace, image.id, Request(Operation.DONE))
    return workspace, images


def add_made_model(workspace: Workspace, name: str, *, seed: int, parent_sha256: str = "0" * 64) -> ModelRecord:
    """A small model among the workspace's, as a run on all done images would leave it."""
    checkpoint = save_model(small_model(seed=seed), workspace.models_folder / name, extra={"threshold": 0.3})
    with workspace.database.write() as session:
        images = [SnapshotImage(image.id, image.revision, Part.LEARN) for image in labelled_images(session)]
        snapshot = add_snapshot(session, images)
        request = RunRequest().to_json()
        run = add_run(session, NewRun(snapshot.id, parent_sha256, "parent", request), process=ProcessName(1, "1.0"))
        end_run(session, run.id, RunState.FINISHED, "made")
        sha256 = checkpoint.weights_sha256
        return add_model(session, NewModel(name, sha256, parent_sha256, "parent", snapshot.id, run.id, {"pq": 0.5}))
