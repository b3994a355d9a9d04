"""`python -m tests.benchmarks.bench_formats [datumaro's python]`: COCO in and out, 50,000 segments in 2,500 images.

Read: from the JSON to every mask, checked, with its area and box; datumaro opens the file and each mask is asked for
its area and box, because it unpacks none before. Written: a COCO file with compressed run lengths, from masks in
memory. Both without photos. A run is a process of its own, ours and datumaro's in turn; medians of seconds without
start-up. Memory: the peak of a process that reads, and of one that reads and writes.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from core.annotation.mask import Mask
from tests.readers.environments import NotInstalledError, make

REPOSITORY = Path(__file__).parents[2]
SEGMENTS = 50_000
A_PHOTO = 20
HEIGHT, WIDTH = 480, 640
RUNS = 5

OURS = """
import sys, time
from pathlib import Path
from core.annotation.labels import LabelSet
from core.annotation.truth import Segment, Source, Truth
from core.formats.coco.write import write_coco_instances
from core.formats.coco.read import read_coco
from core.formats.exported import ExportImage

def exported(images):
    for image in images:
        segments = tuple(
            Segment(number, one.mask, one.category_id, number, Source.IMPORTED)
            for number, one in enumerate(image.segments, start=1)
        )
        truth = Truth(*image.size, segments=segments)
        yield ExportImage(image.file_name, image.file_name, image.id, *image.size, truth)

place, out, what = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
started = time.perf_counter()
data_set = read_coco(place, None)
if what == "both":
    images = list(data_set.images())
    for image in images:
        for one in image.segments:
            del vars(one.mask)["area"], vars(one.mask)["bbox"]
    read_s = 0.0
    images = list(exported(images))
    started = time.perf_counter()
    write_coco_instances(images, LabelSet(data_set.categories), out)
    written_s = time.perf_counter() - started
elif what == "stream":
    write_coco_instances(exported(data_set.images()), LabelSet(data_set.categories), out)
    read_s = written_s = time.perf_counter() - started
else:
    sum_of_all = sum(one.mask.area + one.mask.bbox[0] for image in data_set.images() for one in image.segments)
    read_s, written_s = time.perf_counter() - started, 0.0
peak_kib = Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]
print(read_s, written_s, peak_kib)
"""
THEIRS = """
import sys, time
from pathlib import Path
import datumaro

place, out, what = sys.argv[1:4]
started = time.perf_counter()
data_set = datumaro.Dataset.import_from(place, "coco_instances")
sum_of_all = 0
for item in data_set:
    for one in item.annotations:
        if one.type is datumaro.AnnotationType.mask:
            sum_of_all += one.get_area() + one.get_bbox()[0]
read_s, written_s = time.perf_counter() - started, 0.0
if what == "both":
    started = time.perf_counter()
    data_set.export(out + "/datumaro", "coco_instances", save_media=False)
    written_s = time.perf_counter() - started
peak_kib = Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]
print(read_s, written_s, peak_kib)
"""


def made_set(folder: Path, segments: int) -> Path:
    """Random outlines, every fifth with a hole: about 300 runs and 380 characters a mask."""
    masks = _pool(np.random.default_rng(0))
    (folder / "annotations").mkdir(parents=True)
    (folder / "images").mkdir()
    annotations = [
        {
            "id": number + 1,
            "image_id": number // A_PHOTO + 1,
            "category_id": 1 + number % 80,
            "area": masks[number * 7 % len(masks)].area,
            "bbox": list(masks[number * 7 % len(masks)].bbox),
            "iscrowd": 0,
            "segmentation": masks[number * 7 % len(masks)].to_coco(),
        }
        for number in range(segments)
    ]
    images = [
        {"id": number, "file_name": f"{number:06}.jpg", "height": HEIGHT, "width": WIDTH}
        for number in range(1, segments // A_PHOTO + 1)
    ]
    for image in images:
        (folder / "images" / str(image["file_name"])).touch()
    categories = [{"id": number, "name": f"category {number}"} for number in range(1, 81)]
    content = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "annotations" / "instances_default.json").write_text(json.dumps(content))
    return folder


def _pool(rng: np.random.Generator) -> list[Mask]:
    masks = []
    for number in range(400):
        array = np.zeros((HEIGHT, WIDTH), np.uint8)
        centre, radius = rng.integers(40, 440, 2), int(rng.integers(5, 120))
        angles = np.linspace(0, 2 * np.pi, int(rng.integers(8, 40)), endpoint=False)
        reach = radius * (0.6 + 0.6 * rng.random(angles.size))
        points = np.stack([centre[0] + reach * np.cos(angles), centre[1] + reach * np.sin(angles)], axis=1)
        cv2.fillPoly(array, [points.astype(np.int32)], 1)
        if number % 5 == 0:
            cv2.circle(array, (int(centre[0]), int(centre[1])), max(1, radius // 4), 0, -1)
        masks.append(Mask.from_array(array))
    return [mask for mask in masks if mask.area]


def run(python: str, script: str, place: Path, what: str) -> tuple[float, float, float]:
    """Seconds of reading and of writing, and the peak in MiB."""
    with TemporaryDirectory() as out:
        command = [python, "-c", script, str(place), out, what]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    read_s, written_s, peak_kib = map(float, done.stdout.split()[-3:])
    return read_s, written_s, peak_kib / 1024


def datumaro_python() -> str | None:
    """The one that is named, or that of the tests' environment, which is made where it is not there yet."""
    if sys.argv[1:]:
        return sys.argv[1]
    try:
        return str(make("datumaro"))
    except NotInstalledError as error:
        print(f"without datumaro, which cannot be installed here: {error}")
        return None


def main() -> None:
    peer = datumaro_python()
    with TemporaryDirectory() as folder:
        place = made_set(Path(folder) / "speed", SEGMENTS)
        read_s: dict[str, list[float]] = {"Maskwright": [], "datumaro": []}
        for _ in range(RUNS):
            read_s["Maskwright"].append(run(sys.executable, OURS, place, "read")[0])
            if peer:
                read_s["datumaro"].append(run(peer, THEIRS, place, "read")[0])
        for name, times_s in read_s.items():
            if times_s:
                print(f"{name:<12} reads {SEGMENTS} segments in {median(times_s):.2f} s", flush=True)
        print(f"Maskwright   writes them in {run(sys.executable, OURS, place, 'both')[1]:.2f} s", flush=True)
        if peer:
            print(f"datumaro     writes them in {run(peer, THEIRS, place, 'both')[1]:.2f} s", flush=True)
        for segments in (10_000, 50_000, 200_000):
            place = made_set(Path(folder) / str(segments), segments)
            peaks = [run(sys.executable, OURS, place, what)[2] for what in ("read", "stream")]
            print(f"{segments:>7} segments: peak {peaks[0]:.0f} MiB reading, {peaks[1]:.0f} MiB through to a new file")


if __name__ == "__main__":
    main()
