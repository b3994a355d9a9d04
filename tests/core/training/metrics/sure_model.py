"""A random model that is sure of its answers, each of its categories among them, and a photo to ask it about."""

from pathlib import Path

import cv2
import numpy as np
import torch

from core.inference.predictor import Predictor
from core.maskformer.model import MaskFormer
from core.training.data.images import LabelledImage, LabelledMask, Labels
from tests.core.maskformer.small_models import small_model


def write_blurred_photo(path: Path) -> Path:
    noise = np.random.default_rng(0).integers(0, 256, (80, 96, 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 6), None, 0, 255, cv2.NORM_MINMAX))
    return path


def sure_model(photo: Path) -> MaskFormer:
    """Class logits are spread over the queries of this photo, and "no object" is out of the question."""
    model = small_model()
    logits = Predictor(model, precision="float32").run_network(image_of(photo).pixels()).class_logits[0]
    spread = 20 / logits.std(0)
    with torch.no_grad():
        classes = model.head.classes
        classes.weight.mul_(spread[:, None])
        classes.bias.sub_(logits.mean(0)).mul_(spread)
        classes.bias[-1] -= 60
    return model


def image_of(path: Path, *named, complete: bool = True) -> LabelledImage:
    """A photo with these (mask, name) pairs as its labels."""
    labels = Labels(tuple(LabelledMask(*one) for one in named), None, complete)
    return LabelledImage(path, (lambda: labels,))
