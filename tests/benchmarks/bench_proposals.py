"""How long a model takes to load, and what the proposals of one 640×480 photo cost, on the CPU."""

from __future__ import annotations

import functools

import cv2
import numpy as np
import numpy.typing as npt

from app.settings import DEFAULT_MODEL, SAMPLES
from core.formats.photo import read_photo
from core.inference.predictor import Predictor
from core.maskformer.checkpoint import load_model
from core.maskformer.manifest import named_source
from tests.benchmarks.figures import Figure, figure, timed

RUNS = 30
WARM_UP = 3
SIZE = (640, 480)


def measure(model: str = DEFAULT_MODEL) -> list[Figure]:
    """In float32, and as a person gets them, with the precision that the first photo chooses."""
    source = named_source(model)
    load = functools.partial(load_model, source)
    figures = [figure("model load", timed(load, runs=RUNS, warm_up=WARM_UP))]
    for precision in ("float32", "auto"):
        figures += _proposals(Predictor(load(), precision=precision))
    return figures


def _proposals(predictor: Predictor) -> list[Figure]:
    photo = _sample()
    count = len(predictor.propose(photo))
    output = predictor.run_network(photo)
    steps = {
        "640×480 photo → network's output": lambda: predictor.run_network(photo).mask_logits,
        f"network's output → {count} ranked masks": lambda: predictor.build_proposals(output, photo.shape[:2]),
        "640×480 photo → ranked masks, whole": lambda: predictor.propose(photo),
    }
    return [
        figure(f"{name}, {predictor.precision}", timed(step, runs=RUNS, warm_up=WARM_UP))
        for name, step in steps.items()
    ]


def _sample() -> npt.NDArray[np.uint8]:
    path = next(path for path in sorted(SAMPLES.iterdir()) if path.suffix in {".jpg", ".png", ".webp"})
    return np.asarray(cv2.resize(read_photo(path, name=path.name).pixels, SIZE), dtype=np.uint8)
