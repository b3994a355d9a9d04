"""Help while drawing: how good a wand's click is on photos that the default model has not learned from, and how long
each kind of help takes.

`python -m tests.benchmarks.bench_assist DATA` clicks at the deepest point of true masks of the sets in DATA (see the
default model's card) and prints the IoU of the best tolerance and of the suggested one, with embeddings and without;
`python -m tests.benchmarks.bench_assist` prints times alone.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from app.models import open_predictor
from app.settings import DEFAULT_MODEL, SAMPLES
from core.annotation.mask import Mask
from core.formats.photo import read_photo
from core.inference.cut_out import refined
from core.inference.edge_paths import edge_map
from core.inference.embeddings import SeenPhoto
from core.inference.predictor import Predictor
from core.inference.wand import distances_to, photo_colours, wand_mask
from core.training.data.sources import SourceConfig, read_data_set
from tests.benchmarks.figures import Figure, figure, timed

RUNS = 15
SIZES = {"1.5": (1500, 1000), "12": (4000, 3000), "24": (6000, 4000)}
SETS = ("ecssd", "coco-mini", "bsds500", "aerial-buildings")
PHOTOS, MASKS = 24, 2
LEAST_PX = 400
TOLERANCES = range(10, 200, 10)

Pixels = npt.NDArray[np.uint8]
Inside = npt.NDArray[np.bool_]


def measure() -> list[Figure]:
    predictor = open_predictor(DEFAULT_MODEL, device="cpu", precision="float32")
    sample = next(path for path in sorted(SAMPLES.iterdir()) if path.suffix == ".webp")
    photo = read_photo(sample, name=sample.name).pixels
    return [one for name, size in SIZES.items() for one in _times(predictor, name, cv2.resize(photo, size))]


def _times(predictor: Predictor, name: str, photo: Pixels) -> list[Figure]:
    height, width = photo.shape[:2]
    seen, colours = predictor.see(photo), photo_colours(photo)
    place, at = (0.3, 0.5), (int(0.3 * width), int(0.5 * height))
    found = distances_to(colours, seen.embeddings, place)
    mask = wand_mask(found.values, (height, width), at, found.tolerance)
    steps = {
        "look at a photo": lambda: (predictor.see(photo), photo_colours(photo)),
        "click → distances": lambda: distances_to(colours, seen.embeddings, place),
        "place → lines along edges (reach 256)": lambda: edge_map(photo, at, 256),
        "mask → refined": lambda: refined(photo, mask),
        "mask → names": lambda: seen.classify([mask]),
    }
    return [figure(f"{what}, {name} Mpx", timed(step, runs=RUNS)) for what, step in steps.items()]


def print_quality(data: Path) -> None:
    predictor = open_predictor(DEFAULT_MODEL, device="cpu", precision="float32")
    print(f"{'set':18s} clicks  best: model, colour   suggested: model, colour")
    for name in SETS:
        rows = np.array([_ious(*click) for click in _clicks(data / name, predictor)])
        print(f"{name:18s} {len(rows):6d}  {'  '.join(f'{mean:.3f}' for mean in rows.mean(0)[[0, 2, 1, 3]])}")


def _clicks(folder: Path, predictor: Predictor) -> Iterator[tuple[Pixels, SeenPhoto, Inside]]:
    """Photos held back from the model, as it sees them, and masks of theirs."""
    rng = np.random.default_rng(0)
    images = list(read_data_set(folder, SourceConfig()).part("check"))
    rng.shuffle(images)  # type: ignore[arg-type]
    for image in images[:PHOTOS]:
        photo = image.pixels()
        masks = [one.mask for one in image.readers[0]().masks if one.mask.area >= LEAST_PX]
        seen = predictor.see(photo)
        for place in rng.permutation(len(masks))[:MASKS]:
            yield photo, seen, masks[place].to_array()


def _ious(photo: Pixels, seen: SeenPhoto, truth: Inside) -> list[float]:
    """Best and suggested with the model, best and suggested by colours alone."""
    depth = cv2.distanceTransform(np.pad(truth.astype(np.uint8), 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    row, column = (int(index) for index in np.unravel_index(depth.argmax(), depth.shape))
    height, width = truth.shape
    place = (column + 0.5) / width, (row + 0.5) / height
    rows = []
    for embeddings in (seen.embeddings, None):
        found = distances_to(photo_colours(photo), embeddings, place)

        def score(tolerance: int, values: Pixels = found.values) -> float:
            return _iou(wand_mask(values, (height, width), (column, row), tolerance), truth)

        rows += [max(score(tolerance) for tolerance in TOLERANCES), score(found.tolerance)]
    return rows


def _iou(mask: Mask, truth: Inside) -> float:
    inside = mask.to_array()
    return float((inside & truth).sum() / (inside | truth).sum())


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print_quality(Path(sys.argv[1]))
    for what, median_ms, p95_ms in measure():
        print(f"{what:55s} {median_ms:8.1f} {p95_ms:8.1f}")
