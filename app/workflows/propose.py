"""Proposals for one stored image: decode, ask the model, store."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from app.workflows.ingest import stored_photo
from core.annotation.proposals import Proposal
from storage.images import get_image
from storage.proposals import save_proposals
from storage.workspace import Workspace


class Proposer(Protocol):
    """What proposes masks: the network with its checkpoint."""

    @property
    def model_name(self) -> str: ...

    @property
    def model_sha256(self) -> str: ...

    def propose(self, image: npt.NDArray[np.uint8]) -> list[Proposal]: ...


def propose_for_image(workspace: Workspace, proposer: Proposer, image_id: int) -> int:
    """Compute and store one image's proposals; returns how many there are."""
    with workspace.database.read() as session:
        image = get_image(session, image_id)
    proposals = proposer.propose(stored_photo(workspace, image).pixels)
    with workspace.database.write() as session:
        save_proposals(session, image_id, proposer.model_sha256, proposer.model_name, proposals)
    return len(proposals)
