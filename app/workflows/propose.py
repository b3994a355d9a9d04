"""Proposals for one stored image: decode, ask the model, store; and which of them a person is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt
from sqlalchemy.orm import Session

from app.workflows.ingest import stored_photo
from core.annotation.proposals import Proposal
from core.annotation.truth import Decision
from core.training.metrics.recall import ious
from storage.images import ImageRecord, get_image
from storage.proposals import StoredProposal, load_proposals, needs_proposals, save_proposals
from storage.workspace import Workspace

if TYPE_CHECKING:
    from core.inference.embeddings import SeenPhoto

# A newer model's mask is the same find as an accepted one at this IoU; as a rejected one only where it is the same
# mask, since a better one of the same place may be wanted.
ACCEPTED_AGAIN_IOU = 0.7
REJECTED_AGAIN_IOU = 0.9


class Proposer(Protocol):
    """What proposes masks and answers questions about photos: the network with its checkpoint."""

    @property
    def model_name(self) -> str: ...

    @property
    def model_sha256(self) -> str: ...

    def propose(self, image: npt.NDArray[np.uint8]) -> list[Proposal]: ...

    def propose_and_see(self, image: npt.NDArray[np.uint8]) -> tuple[list[Proposal], SeenPhoto | None]: ...

    def see(self, image: npt.NDArray[np.uint8]) -> SeenPhoto: ...


@dataclass(frozen=True, eq=False)
class Look:
    """What is left of a look at a photo beside its proposals.

    pixels: RGB, uint8 [H, W, 3].   seen: by the model of this hash; None where it keeps nothing.
    """

    image: ImageRecord
    pixels: npt.NDArray[np.uint8]
    model_sha256: str
    seen: SeenPhoto | None


def propose_for_image(
    workspace: Workspace, proposer: Proposer, image_id: int, *, keep: Callable[[Look], None] | None = None
) -> int:
    """Compute one image's proposals, and store them unless it was done meanwhile; returns how many there are.

    keep: told what else the look at the photo gave, before the proposals are stored.
    """
    with workspace.database.read() as session:
        image = get_image(session, image_id)
    pixels = stored_photo(workspace, image).pixels
    if keep is None:
        proposals = proposer.propose(pixels)
    else:
        proposals, seen = proposer.propose_and_see(pixels)
        keep(Look(image, pixels, proposer.model_sha256, seen))
    with workspace.database.write() as session:
        if needs_proposals(session, image_id, proposer.model_sha256):
            save_proposals(session, image_id, proposer.model_sha256, proposer.model_name, proposals)
    return len(proposals)


def shown_proposals(session: Session, image_id: int, model_sha256: str | None) -> tuple[StoredProposal, ...]:
    """The proposals to show of an image when this model is in use, best score first; None: there is no model.

    What other models found and somebody accepted or rejected is not asked about again: a mask of the same place that
    nobody has decided on is left out.
    """
    proposals = load_proposals(session, image_id, model_sha256)
    accepted = _masks_decided_elsewhere(proposals, Decision.ACCEPTED)
    rejected = _masks_decided_elsewhere(proposals, Decision.REJECTED)
    return tuple(
        one
        for one in proposals
        if one.decision is not Decision.UNDECIDED
        or not (_repeats(one, accepted, ACCEPTED_AGAIN_IOU) or _repeats(one, rejected, REJECTED_AGAIN_IOU))
    )


def _masks_decided_elsewhere(proposals: Sequence[StoredProposal], decision: Decision) -> list[StoredProposal]:
    """The decided ones of other models than that of the undecided ones."""
    open_models = {one.model_sha256 for one in proposals if one.decision is Decision.UNDECIDED}
    return [one for one in proposals if one.decision is decision and one.model_sha256 not in open_models]


def _repeats(proposal: StoredProposal, others: Sequence[StoredProposal], least_iou: float) -> bool:
    return bool(others) and bool((ious([proposal.mask], [other.mask for other in others]) >= least_iou).any())
