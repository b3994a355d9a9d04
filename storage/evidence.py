"""What stood before the person's eyes when they corrected: the model's word and the moment's threshold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from core.annotation.proposals import ClassScore

# Enough to learn which categories are mistaken for which; the tail is noise.
TOP_CLASS_SCORES = 5


@dataclass(frozen=True)
class ProposalEvidence:
    """A proposal that a correction concerned, as the model gave it."""

    proposal_id: int
    model_sha256: str
    query: int
    score: float
    class_scores: tuple[ClassScore, ...]


@dataclass(frozen=True)
class Evidence:
    """The page's score threshold (0..1) at the correction, seconds since the image was shown, and the proposals."""

    threshold: float | None = None
    shown_s: float | None = None
    proposals: tuple[ProposalEvidence, ...] = ()


NO_EVIDENCE = Evidence()


def class_scores_to_json(scores: Iterable[ClassScore]) -> list[Any]:
    return [[score.name, score.score] for score in scores]


def class_scores_from_json(value: Iterable[Any]) -> tuple[ClassScore, ...]:
    return tuple(ClassScore(name, score) for name, score in value)


def proposals_to_json(proposals: Iterable[ProposalEvidence]) -> list[Any]:
    """Plain JSON values; only the best TOP_CLASS_SCORES of each proposal are kept."""
    return [
        {
            "proposal_id": proposal.proposal_id,
            "model_sha256": proposal.model_sha256,
            "query": proposal.query,
            "score": proposal.score,
            "class_scores": class_scores_to_json(proposal.class_scores[:TOP_CLASS_SCORES]),
        }
        for proposal in proposals
    ]


def proposals_from_json(value: Iterable[dict[str, Any]]) -> tuple[ProposalEvidence, ...]:
    return tuple(
        ProposalEvidence(**{**part, "class_scores": class_scores_from_json(part["class_scores"])}) for part in value
    )
