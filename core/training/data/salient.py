"""One salient thing an image (ECSSD): `images/NAME.webp` with the binary `masks/NAME.png`.

What the mask leaves out is unknown.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from core.annotation.mask import Mask
from core.training.data.images import LabelledImage, LabelledMask, Labels, photos_in, read_ids


def read_salient(folder: Path) -> list[LabelledImage]:
    """The images of a set of binary masks."""
    return [
        LabelledImage(photo, (partial(_labels, folder / "masks" / f"{photo.stem}.png"),))
        for photo in photos_in(folder / "images")
    ]


def _labels(path: Path) -> Labels:
    mask = Mask.from_array(read_ids(path) > 0)
    return Labels((LabelledMask(mask, None),) if mask.area else (), None, complete=False)
