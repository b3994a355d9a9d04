"""What datumaro reads of a data set, as JSON: `python datumaro_reads.py FORMAT PATH`, in datumaro's own environment.

{item id: {"subset": name, "segments": [{"category": name or null, "crowd": flag, "size": [H, W], "counts": [run
lengths, column by column, from a run of zeros]}]}}, an item's segments in the order of their ids.
"""

from __future__ import annotations

import json
import sys

import datumaro
import numpy as np
from datumaro.components.annotation import AnnotationType
from run_lengths import run_lengths


def main() -> None:
    data_set = datumaro.Dataset.import_from(sys.argv[2], sys.argv[1])
    names = data_set.categories()[AnnotationType.label]
    found = {}
    for item in data_set:
        segments = []
        for one in sorted(item.annotations, key=lambda one: one.id):
            if one.type == AnnotationType.mask:
                mask = np.asarray(one.image)
                segments.append(
                    {
                        "category": None if one.label is None else names[one.label].name,
                        "crowd": bool(one.attributes.get("is_crowd", False)),
                        "size": list(mask.shape),
                        "counts": run_lengths(mask),
                    }
                )
        found[item.id] = {"subset": item.subset, "segments": segments}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
