"""Proposals of one photo."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from core.annotation.errors import ModelError
from core.annotation.proposals import ClassScore, Proposal
from core.inference.mask_runs import Axis, upsampled_mask
from core.inference.ranking import demote_duplicates, mask_scores
from core.maskformer.model import MaskFormer

# What a person may want to see of a query's names; the log keeps as many.
TOP_CLASSES = 5
PRECISIONS = ("float32", "bfloat16")


@dataclass(frozen=True, eq=False)
class RawProposals:
    """The network's answer for one photo, on the CPU, float32: class_logits [Q, K + 1], mask_logits [Q, h, w]."""

    class_logits: Tensor
    mask_logits: Tensor


class Predictor:
    """Asks a model for the proposals of photos, one at a time. Not for several threads at once."""

    def __init__(self, model: MaskFormer, *, precision: str = "float32") -> None:
        """Puts `model` in evaluation mode. precision: "float32", or "bfloat16" where the machine is faster with it."""
        if precision not in PRECISIONS:
            raise ModelError(f"precision is one of {', '.join(PRECISIONS)}, got {precision!r}")
        self.model = model.eval()
        self.precision = precision

    def propose(
        self, image: npt.NDArray[np.uint8], *, limit: int | None = None, threshold: float = 0.0
    ) -> list[Proposal]:
        """The photo's proposals, best first: one a query, those with an empty mask left out.

        image: RGB, uint8 [H, W, 3].   limit: how many at most.   threshold: the least score.
        A score is the probability that the mask is anything at all, lowered for copies of a better one.
        Raises ModelError for another kind of array or limit.
        """
        if limit is not None and limit < 1:
            raise ModelError(f"limit is a whole number of 1 or more, or None for all; got {limit}")
        raw = self.run_network(image)
        return self.build_proposals(raw, image.shape[:2], limit=limit, threshold=threshold)

    @torch.inference_mode()
    def run_network(self, image: npt.NDArray[np.uint8]) -> RawProposals:
        """The costly half of `propose`."""
        _check_image(image)
        preprocessing = self.model.preprocessing
        pixels = preprocessing.normalise(preprocessing.resize(image))[None].to(self.model.device)
        with torch.autocast(pixels.device.type, torch.bfloat16, enabled=self.precision == "bfloat16"):
            output = self.model(pixels)
        if not output.class_logits.isfinite().all():
            raise ModelError(
                "the model's scores are not finite numbers; take a checkpoint from before its training broke"
            )
        return RawProposals(output.class_logits[0].cpu(), output.mask_logits[0].cpu())

    @torch.inference_mode()
    def build_proposals(
        self, raw: RawProposals, size: tuple[int, ...], *, limit: int | None = None, threshold: float = 0.0
    ) -> list[Proposal]:
        """The other half: rank, and bring the kept masks to the photo's (height, width)."""
        scores = demote_duplicates(mask_scores(raw.class_logits), raw.mask_logits > 0)
        probabilities = raw.class_logits.softmax(-1)[:, :-1]
        top = probabilities.topk(min(TOP_CLASSES, probabilities.shape[1]))
        names = [category.name for category in self.model.label_set]
        mask_logits = raw.mask_logits.numpy()
        rows, columns = (Axis.of(cells, pixels) for cells, pixels in zip(mask_logits.shape[1:], size, strict=True))
        proposals: list[Proposal] = []
        for query in scores.argsort(descending=True, stable=True).tolist():
            score = float(scores[query])
            if score < threshold or len(proposals) == limit:
                break
            mask = upsampled_mask(mask_logits[query], rows, columns)
            if mask.area:
                best = zip(top.indices[query].tolist(), top.values[query].tolist(), strict=True)
                class_scores = tuple(ClassScore(names[index], value) for index, value in best)
                proposals.append(Proposal(query, mask, score, class_scores))
        return proposals


def _check_image(image: npt.NDArray[np.uint8]) -> None:
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        found = f"{image.dtype} {list(image.shape)}" if isinstance(image, np.ndarray) else type(image).__name__
        raise ModelError(f"a photo is an RGB array, uint8 [height, width, 3]; got {found}")
    if image.size == 0:
        raise ModelError(f"a photo has at least one pixel, got {image.shape[1]}×{image.shape[0]}")
