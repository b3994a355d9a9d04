"""What the processes of the crash and the contention tests do: save corrections and say so after each commit."""

from __future__ import annotations

from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from core.annotation.corrections import Operation, Request, plan
from storage.corrections import record
from storage.errors import StaleRevision
from storage.images import list_images
from storage.truths import load_truth
from storage.workspace import Workspace
from tests.storage.stored_samples import box_mask


@dataclass(frozen=True)
class Saved:
    """A correction that was committed: its request and the revision it made, and the blob put before it."""

    seq: int
    revision: int
    blob: str


def save_corrections(folder: Path, url: str | None, client: str, count: int, told: Connection) -> None:
    """Make `count` corrections of the workspace's one image, each planned outside the writing transaction, as
    the page does; one that comes too late is planned again. Sends a Saved after each commit, then None."""
    with Workspace.open(folder, database=url) as workspace:
        for seq in range(count):
            blob = workspace.blobs.put(f"{client} {seq}".encode() * 500)
            revision = None
            while revision is None:
                revision = _try_once(workspace, client, seq)
            told.send(Saved(seq, revision, blob))
    told.send(None)


def _try_once(workspace: Workspace, client: str, seq: int) -> int | None:
    with workspace.database.read() as session:
        (image,) = list_images(session, limit=2)
        truth = load_truth(session, image.id)
    # Every fourth correction rewrites what stands, so that old rows change and go too.
    if seq % 4 == 3 and truth.segments:
        request = Request(Operation.DELETE, segments=(truth.segments[0].id,))
    else:
        request = Request(Operation.DRAW, mask=box_mask(seq % 100), category_id=1 + seq % 3)
    change = plan(truth, request, {})
    try:
        with workspace.database.write() as session:
            return record(
                session,
                image_id=image.id,
                client=client,
                seq=seq,
                user=client,
                base_revision=truth.revision,
                operation=request.operation,
                change=change,
            ).revision
    except StaleRevision:
        return None
