"""A model asked about photos, one at a time."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from core.annotation.errors import ModelError
from core.annotation.mask import Mask
from core.annotation.proposals import ClassScore, Proposal
from core.inference import postprocess
from core.inference.classify import classify
from core.inference.embeddings import SeenPhoto, look, see
from core.inference.network_input import Photo, check_photo, network_input
from core.inference.postprocess import InstanceSegment, PanopticPrediction
from core.inference.postprocess.raw import on_cpu, raw_images
from core.inference.precision import PRECISIONS, has_bfloat16, proposals_agree
from core.inference.proposing import ranked_proposals
from core.maskformer.model import MaskFormer
from core.maskformer.output import MaskFormerOutput


class Predictor:
    """Proposals and views of photos: RGB, uint8 [H, W, 3]. Not for several threads at once.

    precision: what the network computes in, "float32" or "bfloat16"; None as long as it is not chosen.
    """

    def __init__(self, model: MaskFormer, *, precision: str = "auto") -> None:
        """Puts `model` in evaluation mode.

        precision: "float32"; "bfloat16", faster on processors that have it, masks within about 2 %; or "auto": bfloat16
        where the processor or GPU has it and the best masks of the first photo with masks agree with float32's
        (`proposals_agree`), else float32. That photo costs both; the choice is kept, whatever comes after it.
        """
        if precision not in PRECISIONS:
            raise ModelError(f"precision is one of {', '.join(PRECISIONS)}, got {precision!r}")
        if not isinstance(model, MaskFormer):
            raise ModelError(
                f"a Predictor asks a MaskFormer, got {type(model).__name__}; load it with load_model first"
            )
        self.model = model.eval()
        self.precision = None if precision == "auto" else precision
        weights = next(model.parameters()).dtype
        if self.precision is None and not (has_bfloat16(model.device) and weights == torch.float32):
            self.precision = "float32"
        if self.precision == "bfloat16" and weights == torch.float16:
            raise ModelError("a model with float16 weights does not run in bfloat16; load it with dtype=torch.float32")

    def propose(self, image: Photo, *, limit: int | None = None, threshold: float = 0.0) -> list[Proposal]:
        """The photo's proposals, best first: one a query, those with an empty mask left out.

        limit: how many at most.   threshold: the least score.
        A score is the probability that the mask is anything at all, lowered for copies of a better one.
        Raises ModelError for another kind of array or limit.
        """
        if limit is not None and (not isinstance(limit, Integral) or isinstance(limit, bool) or limit < 1):
            raise ModelError(f"limit is a whole number of 1 or more, or None for all; got {limit!r:.80}")
        if not isinstance(threshold, Real) or not 0 <= threshold <= 1:
            raise ModelError(f"threshold is a score from 0 to 1, got {threshold!r:.80}")
        return self.build_proposals(self.run_network(image), image.shape[:2], limit=limit, threshold=threshold)

    def semantic(self, image: Photo, *, threshold: float | None = None) -> npt.NDArray[np.int32]:
        """The category of each pixel: see `postprocess.semantic`."""
        output = self.run_network(image)
        return postprocess.semantic(output, [image.shape[:2]], self.model.label_set, threshold=threshold)[0]

    def instance(self, image: Photo) -> tuple[InstanceSegment, ...]:
        """The things, best first: see `postprocess.instance`."""
        return postprocess.instance(self.run_network(image), [image.shape[:2]], self.model.label_set)[0]

    def panoptic(self, image: Photo) -> PanopticPrediction:
        """(ids, segments): see `postprocess.panoptic`."""
        return postprocess.panoptic(self.run_network(image), [image.shape[:2]], self.model.label_set)[0]

    def classify(self, image: Photo, masks: Sequence[Mask]) -> list[tuple[ClassScore, ...]]:
        """What each given mask shows, drawn or proposed, best name first: see `classify.classify`. In float32."""
        return classify(self.model, image, masks)

    def see(self, image: Photo) -> SeenPhoto:
        """What to keep of a photo for questions about its pixels and masks: see `embeddings.see`. In float32."""
        return see(self.model, image)

    @torch.inference_mode()
    def propose_and_see(self, image: Photo) -> tuple[list[Proposal], SeenPhoto | None]:
        """All of `propose`, and what `see` keeps from the same look at the photo, in the precision of the proposals;
        None of the photo by which that is chosen."""
        if self.precision is None:
            return self.propose(image), None
        with self._in(self.precision):
            output, seen = look(self.model, image)
        return self.build_proposals(output, image.shape[:2]), seen

    @torch.inference_mode()
    def run_network(self, image: Photo) -> MaskFormerOutput:
        """The costly half of each question: the output for a batch of one, on the CPU. Raises ModelError as they do."""
        check_photo(image)
        pixels = network_input(self.model, image)
        return self._chosen(pixels) if self.precision is None else self._computed(pixels, self.precision)

    @torch.inference_mode()
    def build_proposals(
        self, output: MaskFormerOutput, size: tuple[int, ...], *, limit: int | None = None, threshold: float = 0.0
    ) -> list[Proposal]:
        """The other half of `propose`: rank, and bring the kept masks to the photo's (height, width)."""
        label_set = self.model.label_set
        (image,) = raw_images(output, [(size[0], size[1])], label_set)
        return ranked_proposals(image, label_set, limit=limit, threshold=threshold)

    def _computed(self, pixels: Tensor, precision: str) -> MaskFormerOutput:
        with self._in(precision):
            return on_cpu(self.model(pixels))

    def _in(self, precision: str) -> torch.autocast:
        return torch.autocast(self.model.device.type, torch.bfloat16, enabled=precision == "bfloat16")

    def _chosen(self, pixels: Tensor) -> MaskFormerOutput:
        """The output in the precision that is chosen by it."""
        exact, rough = (self._computed(pixels, precision) for precision in ("float32", "bfloat16"))
        agree = proposals_agree(exact, rough)
        if agree is not None:
            self.precision = "bfloat16" if agree else "float32"
        return rough if agree else exact
