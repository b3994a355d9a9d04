"""How long a model takes to load, and what the proposals of one 640×480 photo cost, on the CPU."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from app.models import model_folder
from app.settings import DEFAULT_MODEL, SAMPLES
from core.formats.photo import read_photo
from core.inference.predictor import Predictor
from core.maskformer.checkpoint import load_model
from tests.benchmarks.figures import Figure, figure, timed

RUNS = 30
WARM_UP = 3
SIZE = (640, 480)


def measure(model: str = DEFAULT_MODEL) -> list[Figure]:
    folder = model_folder(model)
    predictor = Predictor(load_model(folder))
    photo = _sample()
    raw = predictor.run_network(photo)
    count = len(predictor.build_proposals(raw, photo.shape[:2]))
    steps = {
        "model load": lambda: load_model(folder),
        "640×480 photo → network's output": lambda: predictor.run_network(photo),
        f"network's output → {count} ranked masks": lambda: predictor.build_proposals(raw, photo.shape[:2]),
        "640×480 photo → ranked masks, whole": lambda: predictor.propose(photo),
    }
    return [figure(name, timed(step, runs=RUNS, warm_up=WARM_UP)) for name, step in steps.items()]


def _sample() -> npt.NDArray[np.uint8]:
    path = next(path for path in sorted(SAMPLES.iterdir()) if path.suffix in {".jpg", ".png", ".webp"})
    return np.asarray(cv2.resize(read_photo(path, name=path.name).pixels, SIZE), dtype=np.uint8)
