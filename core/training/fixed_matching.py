"""Fixed matching: query k answers for category k, N = K (Cheng et al. 2021, section 3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from core.annotation.errors import TrainingError
from core.maskformer.output import MaskFormerOutput
from core.training.assignment import Indices, Matched, Matches, to_device, to_host
from core.training.labels import LabelTable
from core.training.truth import ImageTruth


@dataclass(frozen=True)
class FixedMatching:
    """Query k answers for all of category k in an image, joined to one mask; a category that is absent is "no object".

    Targets without a category of their own are left out; queries of the categories they may belong to are undecided
    where nothing else is known of them, and so are those of categories that lie in invalid cells alone.
    """

    def __call__(self, layers: Sequence[MaskFormerOutput], truths: Sequence[ImageTruth], table: LabelTable) -> Matched:
        """The pairs, alike in every layer. Raises TrainingError unless there are as many queries as categories."""
        check_counts(layers[0].class_logits.shape[1], table.categories)
        host = to_host([torch.cat((truth.labels, truth.seen.to(truth.labels.dtype))) for truth in truths])
        joined, matches = [], []
        for truth, numbers in zip(truths, host, strict=True):
            codes, seen = np.split(numbers, 2)
            truth, match = _match_one(truth, codes, seen.astype(bool), table)
            joined.append(truth)
            matches.append(match)
        return Matched(tuple(joined), [matches] * len(layers))


def check_counts(queries: int, categories: int) -> None:
    """Raises TrainingError unless N = K."""
    if queries != categories:
        raise TrainingError(
            f"fixed matching needs as many queries as categories, got N = {queries} queries and K = {categories} "
            f"categories; build the model with {categories} queries, or choose the matching 'hungarian'"
        )


def _match_one(
    truth: ImageTruth, codes: Indices, seen: npt.NDArray[np.bool_], table: LabelTable
) -> tuple[ImageTruth, Matches]:
    """`codes`, `seen`: the truth's labels and `seen`, on the host."""
    named = seen & (codes < table.categories)
    present = np.unique(codes[named])
    groups = [np.flatnonzero(named & (codes == code)).tolist() for code in present]
    unnamed = np.flatnonzero(seen & ~named)
    joined = truth.joined([*groups, *([index] for index in unnamed.tolist())])
    places = np.arange(len(present) + len(unnamed))
    unpaired = np.flatnonzero(~named)
    queries, targets, left_out, open_codes = to_device(
        [present, places[: len(present)], places[len(present) :], codes[unpaired]], truth.labels.device
    )
    undecided = table.allowed[open_codes, : table.categories].any(0)
    return joined, Matches(queries, targets, left_out, undecided)
