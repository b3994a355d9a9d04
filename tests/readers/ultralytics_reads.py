"""What ultralytics reads of a YOLO data set, as JSON: `python ultralytics_reads.py FOLDER SPLIT`, in its environment.

{photo's path from the folder: {"size": [H, W], "segments": [{"category": name, "counts": [run lengths, column by
column, from a run of zeros]}]}}. Labels come from its YOLODataset, masks from its polygons2masks at the photo's size.
Photos that it leaves out are not there.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

# Its settings and its cache of fonts are no part of a test.
os.environ["YOLO_CONFIG_DIR"] = tempfile.mkdtemp()
os.environ["YOLO_VERBOSE"] = "false"

import numpy as np
from run_lengths import run_lengths
from ultralytics.data.dataset import YOLODataset
from ultralytics.data.utils import check_det_dataset, polygons2masks


def main() -> None:
    folder, split = Path(sys.argv[1]).resolve(), sys.argv[2]
    data = check_det_dataset(str(folder / "data.yaml"), autodownload=False)
    labels = YOLODataset(data[split], data=data, task="segment", augment=False, cache=False).labels
    found = {}
    for label in labels:
        height, width = label["shape"]
        scale = np.array([width, height], dtype=np.float32)
        masks = polygons2masks((height, width), [outline * scale for outline in label["segments"]], 1)
        categories = [data["names"][int(number)] for number in label["cls"].ravel()]
        found[str(Path(label["im_file"]).resolve().relative_to(folder))] = {
            "size": [height, width],
            "segments": [
                {"category": name, "counts": run_lengths(mask)} for name, mask in zip(categories, masks, strict=True)
            ],
        }
    print("\n" + json.dumps(found))


if __name__ == "__main__":
    main()
