"""What a model sees in one photo, kept for questions about single pixels and masks: small, and free of the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from core.annotation.mask import Mask
from core.annotation.proposals import ClassScore
from core.inference.classify import Namer, check_masks
from core.inference.network_input import Photo, check_photo, network_input
from core.inference.postprocess.raw import on_cpu
from core.inference.ranking import mask_scores
from core.maskformer.model import MaskFormer
from core.maskformer.output import MaskFormerOutput
from core.maskformer.positions import RealArea

# Added to a length before a division: a cell in which nothing stands out has no direction.
LEAST = 1e-6
# Convolutions see zeros beyond the photo, and cells this close to its border are like one another for that alone.
BORDER_CELLS = 2


@dataclass(frozen=True, eq=False)
class SeenPhoto:
    """A photo as a model saw it.

    size: (height, width) of the photo.   embeddings: float16 [C, h, w] on the grid of the mask logits, each cell's of
    length 1, so that the product of two is their cosine.   namer: names masks of the photo.
    """

    size: tuple[int, int]
    embeddings: npt.NDArray[np.float16]
    namer: Namer

    @property
    def size_bytes(self) -> int:
        """What it holds in memory."""
        return self.embeddings.nbytes + self.namer.size_bytes

    def classify(self, masks: Sequence[Mask]) -> list[tuple[ClassScore, ...]]:
        """What each mask shows: see `classify.classify`. Raises ModelError as it does."""
        check_masks(masks, self.size)
        return self.namer(masks)


def see(model: MaskFormer, image: Photo) -> SeenPhoto:
    """Look at a photo, RGB uint8 [H, W, 3], in float32. `model`: in evaluation mode. Raises ModelError."""
    return look(model, image)[1]


@torch.inference_mode()
def look(model: MaskFormer, image: Photo) -> tuple[MaskFormerOutput, SeenPhoto]:
    """The network's output for a photo, on the CPU, and what to keep of the photo from the same look.

    image: RGB, uint8 [H, W, 3].   model: in evaluation mode. Raises ModelError.

    An embedding is the pixel's mask feature (MaskFormer, section 3.3), the photo's mean feature taken out of it, beside
    what the queries say of the pixel: the probability of each mask, by the root of its score. Each half has length 1.
    The mean hides what tells pixels apart; the queries know which parts are one thing, the features which parts look
    alike where no query is sure. One click at the deepest point of a mask of held-back photos, mean IoU at the best
    tolerance, with these embeddings and by colours alone: ecssd .77 and .44, coco-mini .61 and .37, bsds500 .75 and
    .65, aerial-buildings, of a kind not learned, .62 and .56 (`python -m tests.benchmarks.bench_assist DATA`). The
    features without the queries were 0 to .04 below, the queries without the features .06 below to .01 above, whitened
    features .02 to .3 below.
    """
    check_photo(image)
    pixels = network_input(model, image)
    area = RealArea.of(pixels, None)
    features = model.pixel_features(pixels, area)
    output = on_cpu(model.head(features, area))
    learned = features.mask_features.full[0].float().cpu()
    chances = output.mask_logits[0].float().sigmoid() * mask_scores(output.class_logits[0]).sqrt()[:, None, None]
    halves = (_unit(learned - learned.mean((1, 2), keepdim=True)), _unit(chances))
    embeddings = _without_border(torch.cat(halves).mul_(0.5**0.5)).half().numpy()
    levels = [level.half().cpu() for level in features.levels]
    seen = SeenPhoto(
        size=(image.shape[0], image.shape[1]),
        embeddings=embeddings,
        namer=Namer.of(model, (pixels.shape[2], pixels.shape[3]), levels, output),
    )
    return output, seen


def _without_border(maps: Tensor) -> Tensor:
    """[C, h, w], the cells at the border like the nearest ones inside; a small grid stays as it is."""
    if min(maps.shape[1:]) <= 4 * BORDER_CELLS:
        return maps
    inside = maps[:, BORDER_CELLS:-BORDER_CELLS, BORDER_CELLS:-BORDER_CELLS]
    return F.pad(inside[None], (BORDER_CELLS,) * 4, mode="replicate")[0]


def _unit(maps: Tensor) -> Tensor:
    """[C, h, w], every cell at length 1."""
    lengths: Tensor = torch.linalg.vector_norm(maps, dim=0, keepdim=True)
    return maps / lengths.clamp(min=LEAST)
