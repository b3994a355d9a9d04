"""What a MaskFormer says about a batch of photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.annotation.errors import ModelError
from core.maskformer.kernels.convolution import convolve


def mask_product(mask_embeddings: Tensor, mask_features: Tensor) -> Tensor:
    """Mask logits, float32 [B, Q, h, w], of embeddings [B, Q, C] and features [B, C, h, w].

    Linear in the features: features pooled first give exactly the pooled logits. Autocast is kept out,
    because the spatial prior's channels cancel each other and bfloat16 would lose what is left.
    """
    with torch.autocast(mask_features.device.type, enabled=False):
        flat = torch.bmm(mask_embeddings.float(), mask_features.float().flatten(2))
        return flat.view(*flat.shape[:2], *mask_features.shape[2:])


def average_pooled(maps: Tensor, pool: int) -> Tensor:
    """[N, C, h, w] averaged over pool×pool cells; a part at the edge is the mean of what it has."""
    return maps if pool == 1 else F.avg_pool2d(maps, pool, ceil_mode=True)


def sampled(maps: Tensor, points: Tensor) -> Tensor:
    """Values [N, C, P] of maps [N, C, h, w] at points [N, P, 2], (x, y) as fractions 0..1 of the map.

    Bilinear between cell centres; past the outermost centres, the values there.
    """
    return F.grid_sample(maps, 2 * points[:, None] - 1, padding_mode="border", align_corners=False)[:, :, 0]


class Masks(Protocol):
    """The mask logits of a batch, float32, as far as they are asked for."""

    @property
    def size(self) -> tuple[int, int]:
        """h, w."""

    @property
    def learns(self) -> bool:
        """Whether a gradient can reach what they were made from."""

    def logits(self) -> Tensor:
        """[B, Q, h, w]."""

    def of(self, image: int, queries: Tensor) -> Tensor:
        """Those of some queries (int64 [n]) of one image: [n, h, w]."""

    def of_pairs(self, images: Sequence[Tensor]) -> Tensor:
        """Those of some queries (int64 [n]) of each image, image by image: [sum of n, h, w]."""

    def pooled(self, pool: int) -> Tensor:
        """`average_pooled` logits: [B, Q, ceil(h/pool), ceil(w/pool)]."""

    def at_points(self, points: Tensor) -> Tensor:
        """The logits `sampled` at points [B, P, 2] that an image's queries share: [B, Q, P]."""

    def beside(self, others: Sequence[Masks]) -> Masks:
        """These queries, then those of other outputs of the same kind for the same batch."""


def rows_of(images: Sequence[Tensor]) -> Tensor:
    """For each entry of the vectors, one an image, the image's number: int64 [sum of lengths]."""
    device = images[0].device
    numbers = [number for number, part in enumerate(images) for _ in range(len(part))]
    return torch.tensor(numbers, dtype=torch.int64, device=device)


@dataclass(frozen=True, eq=False)
class GivenMasks:
    """Mask logits [B, Q, h, w] that lie there already."""

    given: Tensor

    @property
    def size(self) -> tuple[int, int]:
        """h, w."""
        return self.given.shape[2], self.given.shape[3]

    @property
    def learns(self) -> bool:
        """Whether a gradient can reach them."""
        return self.given.requires_grad

    def logits(self) -> Tensor:
        """[B, Q, h, w]."""
        return self.given.float()

    def of(self, image: int, queries: Tensor) -> Tensor:
        """[n, h, w]."""
        return self.given[image, queries].float()

    def of_pairs(self, images: Sequence[Tensor]) -> Tensor:
        """[sum of n, h, w]."""
        return self.given[rows_of(images), torch.cat(list(images))].float()

    def pooled(self, pool: int) -> Tensor:
        """[B, Q, ceil(h/pool), ceil(w/pool)]."""
        return average_pooled(self.given.float(), pool)

    def at_points(self, points: Tensor) -> Tensor:
        """[B, Q, P]."""
        return sampled(self.given.float(), points)

    def beside(self, others: Sequence[Masks]) -> GivenMasks:
        """[B, all Q, h, w]."""
        return GivenMasks(torch.cat([self.given, *(other.logits() for other in others)], dim=1)) if others else self


@dataclass(frozen=True, eq=False)
class MaskFeatures:
    """Per-pixel mask features [B, C + E, h, w]: a convolution that is not applied before it has to be, and channels
    beside its own.

    inputs: [B, D, h, w].   filters, shifts: of that convolution, stride 1, D → C channels.
    beside: float32 [B, E, h, w] or None.   learned: the convolution's result [B, C, h, w], where it was applied.
    """

    inputs: Tensor
    filters: Tensor
    shifts: Tensor | None
    beside: Tensor | None = None
    learned: Tensor | None = None

    @classmethod
    def of(cls, inputs: Tensor, projection: nn.Conv2d) -> MaskFeatures:
        """Applied at once where a graph is being recorded: learning needs all of it, in this pass's precision.

        Elsewhere the filters are kept as they are now, whatever happens to the model's later.
        """
        filters, shifts = projection.weight, projection.bias
        if torch.is_grad_enabled():
            return cls(inputs, filters, shifts, learned=projection(inputs))
        return cls(inputs, filters.detach().clone(), None if shifts is None else shifts.detach().clone())

    def __post_init__(self) -> None:
        if self.learned is not None:
            vars(self)["full"] = self._computed(self.learned)

    @cached_property
    def full(self) -> Tensor:
        """The features themselves, float32."""
        with torch.no_grad():
            return self._computed(self._convolved(self.inputs, self.filters, self.shifts))

    def _computed(self, features: Tensor) -> Tensor:
        return features.float() if self.beside is None else torch.cat((features.float(), self.beside), dim=1)

    def _convolved(self, inputs: Tensor, filters: Tensor, shifts: Tensor | None) -> Tensor:
        """The convolution in the precision of its inputs, which no autocast changes any more."""
        shifts = None if shifts is None else shifts.to(inputs.dtype)
        return convolve(inputs, filters.to(inputs.dtype), shifts)

    @torch.no_grad()
    def folded_product(self, image: int, embeddings: Tensor) -> Tensor:
        """`mask_product` of some embeddings [n, C + E] of one image, float32 [n, h, w], without the features.

        A convolution followed by a product is one convolution whose filters are the product of both: cheaper as
        long as n is below C.
        """
        channels = len(self.filters)
        learned = embeddings[:, :channels]
        with torch.autocast(embeddings.device.type, enabled=False):
            filters = torch.einsum("nc,cdij->ndij", learned, self.filters.float())
            shifts = None if self.shifts is None else learned @ self.shifts.float()
            logits = self._convolved(self.inputs[image : image + 1], filters, shifts)[0].float()
        if self.beside is None:
            return logits
        return logits + mask_product(embeddings[None, :, channels:], self.beside[image : image + 1])[0]


@dataclass(frozen=True, eq=False)
class MaskProduct:
    """Mask logits as embeddings [B, Q, C] times per-pixel features (paper, section 3.3), multiplied when asked for."""

    embeddings: Tensor
    features: MaskFeatures

    @property
    def size(self) -> tuple[int, int]:
        """h, w."""
        return self.features.inputs.shape[2], self.features.inputs.shape[3]

    @property
    def learns(self) -> bool:
        """Whether a gradient can reach embeddings or features."""
        learned = self.features.learned
        return self.embeddings.requires_grad or (learned is not None and learned.requires_grad)

    def logits(self) -> Tensor:
        """[B, Q, h, w]."""
        if not self._folds(self.embeddings.shape[1]):
            return mask_product(self.embeddings, self.features.full)
        return torch.stack([self.features.folded_product(*pair) for pair in enumerate(self.embeddings.float())])

    def of(self, image: int, queries: Tensor) -> Tensor:
        """[n, h, w]."""
        embeddings = self.embeddings[image, queries].float()
        if self._folds(len(queries)):
            return self.features.folded_product(image, embeddings)
        return mask_product(embeddings[None], self.features.full[image : image + 1])[0]

    def of_pairs(self, images: Sequence[Tensor]) -> Tensor:
        """[sum of n, h, w], in one product."""
        embeddings = self.embeddings[rows_of(images), torch.cat(list(images))]
        parts = torch.split(embeddings, [len(part) for part in images])
        padded = torch.nn.utils.rnn.pad_sequence(list(parts), batch_first=True)
        logits = mask_product(padded, self.features.full)
        return torch.cat([logits[image, : len(part)] for image, part in enumerate(images)])

    def pooled(self, pool: int) -> Tensor:
        """[B, Q, ceil(h/pool), ceil(w/pool)]."""
        return mask_product(self.embeddings, average_pooled(self.features.full, pool))

    def at_points(self, points: Tensor) -> Tensor:
        """[B, Q, P]: the features are sampled, which is linear, and no mask is computed elsewhere."""
        return mask_product(self.embeddings, sampled(self.features.full, points)[:, :, None])[:, :, 0]

    def beside(self, others: Sequence[Masks]) -> MaskProduct:
        """One product for all of them: outputs of one forward pass share their features."""
        parts = [other for other in others if isinstance(other, MaskProduct) and other.features is self.features]
        assert len(parts) == len(others), "masks of one forward pass"
        joined = torch.cat([self.embeddings, *(part.embeddings for part in parts)], dim=1)
        return MaskProduct(joined, self.features) if parts else self

    def _folds(self, queries: int) -> bool:
        """Whether folding is cheaper: few queries, and features that nobody has computed yet."""
        features = self.features
        return "full" not in vars(features) and 0 < queries < len(features.filters)


class MaskFormerOutput:
    """N masks a photo, with class logits; all tensors float32. B photos of H×W pixels, Q queries, K categories.

    class_logits: [B, Q, K + 1]; column k is the label set's k-th category, the last is "no object".
    masks: the mask logits, as far as they are asked for; `mask_logits` is all of them.
    auxiliary: the earlier layers' outputs, first layer first; empty in evaluation. Their own is empty.
    boxes: [B, Q, 4], (cx, cy, w, h) as fractions 0..1 of the real area (without padding); None without a box head.
    point_logits: [B, 1, ceil(H/8), ceil(W/8)], how likely a mask is centred in the cell; None when the
        queries do not come from the photo.
    query_points: [B, Q, 2], each query's (x, y) as fractions 0..1 of the real area; None when queries have no place.
    """

    def __init__(
        self,
        class_logits: Tensor,
        mask_logits: Tensor | Masks,
        auxiliary: Sequence[MaskFormerOutput] = (),
        *,
        boxes: Tensor | None = None,
        point_logits: Tensor | None = None,
        query_points: Tensor | None = None,
    ) -> None:
        """mask_logits: [B, Q, ceil(H/4), ceil(W/4)], or what computes them. Raises ModelError when shapes disagree."""
        if not isinstance(class_logits, Tensor) or not isinstance(mask_logits, Tensor | GivenMasks | MaskProduct):
            raise ModelError(
                f"class and mask logits are tensors, got {type(class_logits).__name__} and {type(mask_logits).__name__}"
            )
        if isinstance(mask_logits, Tensor):
            _check_shapes(class_logits, mask_logits)
        self.class_logits = class_logits
        self.masks: Masks = GivenMasks(mask_logits) if isinstance(mask_logits, Tensor) else mask_logits
        self._mask_logits: Tensor | None = None
        self.auxiliary = list(auxiliary)
        self.boxes = boxes
        self.point_logits = point_logits
        self.query_points = query_points

    @property
    def mask_logits(self) -> Tensor:
        """[B, Q, ceil(H/4), ceil(W/4)], computed at the first use: most uses need less than all of it."""
        if self._mask_logits is None:
            logits = self.masks.logits()
            if self.masks.learns and not logits.requires_grad:
                # Asked for under no_grad in a training pass: the next one may want the gradient.
                return logits
            self._mask_logits = logits
        return self._mask_logits


def _check_shapes(class_logits: Tensor, mask_logits: Tensor) -> None:
    if class_logits.ndim != 3 or mask_logits.ndim != 4 or class_logits.shape[:2] != mask_logits.shape[:2]:
        raise ModelError(
            "class logits are [B, Q, K + 1] and mask logits [B, Q, h, w] with the same B and Q, got "
            f"{list(class_logits.shape)} and {list(mask_logits.shape)}"
        )
