"""What the models offered for each image, and what was decided; masks are kept for ever."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, bindparam, case, insert, or_, select, update
from sqlalchemy.orm import Session

from core.annotation.mask import Mask
from core.annotation.proposals import ClassScore, Proposal, proposed_name
from core.annotation.truth import Decision
from storage.errors import NotFound
from storage.evidence import TOP_CLASS_SCORES, ProposalEvidence, class_scores_from_json, class_scores_to_json
from storage.images import DELETED_IDS
from storage.masks import mask_values
from storage.tables import ImageRow, ProposalRow, ProposalSetRow

# Built once: each correction asks it, and waits for building a statement longer than for the database.
_OF_IMAGE = (
    select(
        ProposalRow.id,
        ProposalSetRow.model_sha256,
        ProposalRow.query,
        ProposalRow.score,
        ProposalRow.class_scores,
        ProposalRow.decision,
        ProposalRow.counts,
        ImageRow.height,
        ImageRow.width,
    )
    .join(ProposalSetRow, ProposalSetRow.id == ProposalRow.proposal_set_id)
    .join(ImageRow, ImageRow.id == ProposalRow.image_id)
    .where(ProposalRow.image_id == bindparam("image"))
)
_CHOSEN = _OF_IMAGE.where(ProposalRow.id.in_(bindparam("chosen", expanding=True)))


@dataclass(frozen=True)
class StoredProposal:
    """A proposal of the image `image_id` by the model `model_sha256`, and what was decided about it."""

    id: int
    image_id: int
    model_sha256: str
    query: int
    mask: Mask
    score: float
    class_scores: tuple[ClassScore, ...]
    decision: Decision

    @property
    def name(self) -> str:
        """The model's name for the mask, "region" when it has none or is unsure."""
        return proposed_name(self.class_scores)

    def evidence(self) -> ProposalEvidence:
        """What the log keeps of it."""
        best = self.class_scores[:TOP_CLASS_SCORES]
        return ProposalEvidence(self.id, self.model_sha256, self.query, self.score, best)


def save_proposals(
    session: Session, image_id: int, model_sha256: str, model_name: str, proposals: Sequence[Proposal]
) -> bool:
    """Keep a model's proposals for an image; none at all is an answer too. Says whether they were saved:
    the first answer of a model stands. Raises NotFound for the image.
    """
    if session.scalar(select(ImageRow.id).where(ImageRow.id == image_id)) is None:
        raise NotFound(f"the workspace has no image {image_id}; its proposals were not saved")
    if has_proposals(session, image_id, model_sha256):
        return False
    answer = ProposalSetRow(
        image_id=image_id, model_sha256=model_sha256, model_name=model_name, made_at=datetime.now(UTC)
    )
    session.add(answer)
    session.flush()
    if proposals:
        session.execute(insert(ProposalRow), [_values(proposal, image_id, answer.id) for proposal in proposals])
    best = max((proposal.score for proposal in proposals), default=None)
    session.execute(update(ImageRow).where(ImageRow.id == image_id).values(best_score=best))
    return True


def has_proposals(session: Session, image_id: int, model_sha256: str) -> bool:
    """Whether this model's answer for the image is stored."""
    same = (ProposalSetRow.image_id == image_id, ProposalSetRow.model_sha256 == model_sha256)
    return session.scalar(select(ProposalSetRow.id).where(*same)) is not None


def newest_proposer(session: Session) -> str | None:
    """The hash of the model that answered last, None where none did."""
    return session.scalar(select(ProposalSetRow.model_sha256).order_by(ProposalSetRow.id.desc()).limit(1))


def load_proposals(session: Session, image_id: int, model_sha256: str | None = None) -> tuple[StoredProposal, ...]:
    """The proposals of the model with this hash, of the newest where it gave none; and the decided ones of others.

    Best score first. None asks for the newest.
    """
    wanted = select(ProposalSetRow.id).where(ProposalSetRow.image_id == image_id)
    shown_set = wanted.order_by(_is_model(model_sha256), ProposalSetRow.id.desc()).limit(1).scalar_subquery()
    shown = or_(ProposalRow.proposal_set_id == shown_set, ProposalRow.decision != Decision.UNDECIDED)
    return tuple(sorted(_load(session, image_id, shown), key=lambda proposal: (-proposal.score, proposal.id)))


def _is_model(model_sha256: str | None) -> ColumnElement[int]:
    """0 for the sets of this model and 1 for others, to sort by."""
    return case((ProposalSetRow.model_sha256 == model_sha256, 0), else_=1)


def get_proposals(session: Session, image_id: int, proposal_ids: Collection[int]) -> tuple[StoredProposal, ...]:
    """Those of the ids that are proposals of the image, by id."""
    if not proposal_ids:
        return ()
    rows = session.execute(_CHOSEN, {"image": image_id, "chosen": list(proposal_ids)})
    return tuple(sorted(_stored(image_id, rows), key=lambda proposal: proposal.id))


def needs_proposals(session: Session, image_id: int, model_sha256: str) -> bool:
    """Whether this model is to answer for the image: see `images_to_propose`."""
    return session.scalar(_unanswered(model_sha256).where(ImageRow.id == image_id)) is not None


def images_to_propose(session: Session, model_sha256: str, limit: int | None = None) -> tuple[int, ...]:
    """Ids of at most `limit` images, None for all, that the model has not answered for; open ones before done ones.

    A done image that any model answered for is not asked about again: it stays as it was judged. Nor is a
    deleted one.
    """
    return tuple(session.scalars(_unanswered(model_sha256).order_by(ImageRow.done, ImageRow.id).limit(limit)))


def _unanswered(model_sha256: str) -> Select[Any]:
    """Correlated, so that asking about one image looks at its own rows alone."""
    by_any = select(ProposalSetRow.id).where(ProposalSetRow.image_id == ImageRow.id)
    by_it = by_any.where(ProposalSetRow.model_sha256 == model_sha256)
    return select(ImageRow.id).where(
        ~by_it.exists(), or_(~ImageRow.done, ~by_any.exists()), ImageRow.id.not_in(DELETED_IDS)
    )


def _load(session: Session, image_id: int, condition: ColumnElement[bool]) -> list[StoredProposal]:
    return _stored(image_id, session.execute(_OF_IMAGE.where(condition), {"image": image_id}))


def _stored(image_id: int, rows: Iterable[Row[*tuple[Any, ...]]]) -> list[StoredProposal]:
    return [
        StoredProposal(
            id=number,
            image_id=image_id,
            model_sha256=model_sha256,
            query=query,
            mask=Mask(height, width, counts),
            score=score,
            class_scores=class_scores_from_json(class_scores),
            decision=decision,
        )
        for number, model_sha256, query, score, class_scores, decision, counts, height, width in rows
    ]


def _values(proposal: Proposal, image_id: int, set_id: int) -> dict[str, object]:
    return {
        "proposal_set_id": set_id,
        "image_id": image_id,
        "query": proposal.query,
        "score": proposal.score,
        "decision": Decision.UNDECIDED,
        "class_scores": class_scores_to_json(proposal.class_scores),
        **mask_values(proposal.mask),
    }
