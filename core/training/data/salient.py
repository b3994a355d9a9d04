"""One salient thing an image (ECSSD): `images/NAME.webp` with the binary `masks/NAME.png`.

What the mask leaves out is unknown.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from core.annotation.mask import Mask
from core.formats.label_maps import read_label_map
from core.training.data.images import Candidate, Content, LabelledImage, LabelledMask, Labels
from core.training.data.pairs import pair


def read_salient(folder: Path, *, complete: bool) -> Content:
    """The images of a set of binary masks."""
    pairs, skipped = pair(folder / "images", folder / "masks")
    candidates = [
        Candidate(LabelledImage(photo, (partial(_labels, label, complete),)), (label,)) for photo, label in pairs
    ]
    return Content((), tuple(candidates), tuple(skipped))


def _labels(path: Path, complete: bool) -> Labels:
    mask = Mask.from_array(read_label_map(path) > 0)
    return Labels((LabelledMask(mask, None),) if mask.area else (), None, complete)
