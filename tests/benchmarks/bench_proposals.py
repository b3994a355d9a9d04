"""How long a model takes to load, and one 640×480 photo's proposals: `python -m tests.benchmarks.bench_proposals`."""

from __future__ import annotations

import time
from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from app.models import model_folder
from app.settings import DEFAULT_MODEL, SAMPLES
from core.formats.photo import read_photo
from core.inference.predictor import Predictor
from core.maskformer.checkpoint import load_model

RUNS = 30
WARM_UP = 3
SIZE = (640, 480)


def measure(model: str = DEFAULT_MODEL) -> list[tuple[str, float, float]]:
    """(what, median in ms, 95th percentile in ms) of each step, on the CPU."""
    folder = model_folder(model)
    predictor = Predictor(load_model(folder))
    photo = _sample()
    raw = predictor.run_network(photo)
    count = len(predictor.build_proposals(raw, photo.shape[:2]))
    return [
        ("model load", *_times(lambda: load_model(folder))),
        ("proposals, network", *_times(lambda: predictor.run_network(photo))),
        (f"proposals, {count} masks", *_times(lambda: predictor.build_proposals(raw, photo.shape[:2]))),
        ("proposals, whole", *_times(lambda: predictor.propose(photo))),
    ]


def _sample() -> npt.NDArray[np.uint8]:
    path = next(path for path in sorted(SAMPLES.iterdir()) if path.suffix in {".jpg", ".png", ".webp"})
    return np.asarray(cv2.resize(read_photo(path, name=path.name).pixels, SIZE), dtype=np.uint8)


def _times(work: Callable[[], object]) -> tuple[float, float]:
    times_ms = []
    for run in range(WARM_UP + RUNS):
        start = time.perf_counter()
        work()
        if run >= WARM_UP:
            times_ms.append((time.perf_counter() - start) * 1000)
    return float(np.median(times_ms)), float(np.percentile(times_ms, 95))


if __name__ == "__main__":
    for name, median_ms, p95_ms in measure():
        print(f"{name:<28}{median_ms:8.1f} ms   p95 {p95_ms:8.1f} ms")
