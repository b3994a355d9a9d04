"""What labelme reads of its files, as JSON: `python labelme_reads.py FOLDER`, in labelme's own environment.

{file name without extension: {"size": [H, W], "segments": [{"category": label, "crowd": its flag of that name,
"counts": [run lengths, column by column, from a run of zeros]}]}}, shapes in the file's order.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from labelme._label_file import read_label_file
from labelme.utils import img_data_to_pil, shapes_to_label
from run_lengths import run_lengths


def main() -> None:
    found = {}
    for path in sorted(Path(sys.argv[1]).glob("*.json")):
        read = read_label_file(str(path))
        width, height = img_data_to_pil(read.image_data).size
        segments = []
        for shape in read.shapes:
            mask, _ = shapes_to_label((height, width), [shape], {shape["label"]: 1})
            crowd = shape["flags"].get("crowd", False)
            segments.append({"category": shape["label"], "crowd": crowd, "counts": run_lengths(mask == 1)})
        found[path.stem] = {"size": [height, width], "segments": segments}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
