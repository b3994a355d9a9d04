"""The three views of a network's raw output: semantic, instance, panoptic.

Mask logits are brought to the image's size before the sigmoid (bilinear, half-pixel centres), as the paper's
inference does; every pixel is what interpolating and comparing all masks there gives, ties of float rounding aside.

`input_sizes`, where a function takes it, says how much of a padded batch is real: one (height, width) of the network's
input per image, top left in it. The mask logits are cut to ceil(size / 4) cells before they are stretched to the image.
That lines up exactly for multiples of 4, which `Preprocessing.input_size` always gives; for another size the last
cell lies up to 3 input pixels beyond the image, just as it does when that image is alone in its batch.
"""

from core.inference.postprocess.instance_view import InstanceSegment, instance
from core.inference.postprocess.panoptic_view import PanopticPrediction, PredictedSegment, panoptic
from core.inference.postprocess.semantic_view import semantic

__all__ = [
    "InstanceSegment",
    "PanopticPrediction",
    "PredictedSegment",
    "instance",
    "panoptic",
    "semantic",
]
