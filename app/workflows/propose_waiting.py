"""Proposals for all images of a workspace that wait for them, without a server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.workflows.propose import Proposer, propose_for_image
from core.annotation.errors import MaskwrightError
from storage.proposals import images_to_propose, needs_proposals
from storage.workspace import Workspace

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Waited:
    """What became of the waiting images: answered by the model, and failed ones: image id, reason."""

    answered: int
    failed: tuple[tuple[int, str], ...]


def propose_waiting(
    workspace: Workspace, proposer: Proposer, *, progress: Progress = lambda finished, total: None
) -> Waited:
    """Ask the model about every image it has not answered for, open ones first; `progress` is told (finished, total).

    Each answer is saved as it comes, so that a stopped run goes on where it was. An image that fails is named and the
    rest goes on. Raises StorageError when the database fails.
    """
    with workspace.database.read() as session:
        waiting = images_to_propose(session, proposer.model_sha256)
    answered, failed = 0, []
    for finished, image_id in enumerate(waiting, start=1):
        with workspace.database.read() as session:
            open_still = needs_proposals(session, image_id, proposer.model_sha256)
        if open_still:
            try:
                propose_for_image(workspace, proposer, image_id)
                answered += 1
            except MaskwrightError as error:
                failed.append((image_id, str(error)))
        progress(finished, len(waiting))
    return Waited(answered, tuple(failed))
