"""Whether two networks answer alike."""

import torch
from torch import Tensor
from transformers import MaskFormerForInstanceSegmentation

from core.maskformer.build import assemble_model
from core.maskformer.checkpoints.foreign import ForeignCheckpoint
from core.maskformer.model import MaskFormer


def built(checkpoint: ForeignCheckpoint) -> MaskFormer:
    model = assemble_model(checkpoint.config, checkpoint.label_set, preprocessing=checkpoint.preprocessing)
    model.load_state_dict(dict(checkpoint.tensors))
    return model.eval()


def difference(ours: MaskFormer, theirs: MaskFormerForInstanceSegmentation, *, size: tuple[int, int]) -> float:
    """The largest difference of class and mask logits on two random photos, relative to their largest value."""
    pixels = torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(size[0]))
    with torch.inference_mode():
        output, expected = ours(pixels), theirs(pixel_values=pixels)
    assert output.mask_logits.shape[2:] == (-(-size[0] // 4), -(-size[1] // 4))
    return max(
        _relative(output.class_logits, expected.class_queries_logits),
        _relative(output.mask_logits, expected.masks_queries_logits),
    )


def _relative(found: Tensor, expected: Tensor) -> float:
    assert found.shape == expected.shape
    return float((found - expected).abs().max() / expected.abs().max())
