"""The labels of Cityscapes, for sets that do not list their own.

Source: the tables of Cordts et al., The Cityscapes Dataset, 2016, and of its public scripts. The label 0, unlabeled, is
void and the label -1, license plate, in no label map, so neither is a category.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.annotation.labels import Category, Colour, LabelSet

IGNORED_TRAIN_ID = 255

# (id, name, trainId, has instances, colour)
_ROWS: Sequence[tuple[int, str, int, bool, Colour]] = (
    (1, "ego vehicle", 255, False, (0, 0, 0)),
    (2, "rectification border", 255, False, (0, 0, 0)),
    (3, "out of roi", 255, False, (0, 0, 0)),
    (4, "static", 255, False, (0, 0, 0)),
    (5, "dynamic", 255, False, (111, 74, 0)),
    (6, "ground", 255, False, (81, 0, 81)),
    (7, "road", 0, False, (128, 64, 128)),
    (8, "sidewalk", 1, False, (244, 35, 232)),
    (9, "parking", 255, False, (250, 170, 160)),
    (10, "rail track", 255, False, (230, 150, 140)),
    (11, "building", 2, False, (70, 70, 70)),
    (12, "wall", 3, False, (102, 102, 156)),
    (13, "fence", 4, False, (190, 153, 153)),
    (14, "guard rail", 255, False, (180, 165, 180)),
    (15, "bridge", 255, False, (150, 100, 100)),
    (16, "tunnel", 255, False, (150, 120, 90)),
    (17, "pole", 5, False, (153, 153, 153)),
    (18, "polegroup", 255, False, (153, 153, 153)),
    (19, "traffic light", 6, False, (250, 170, 30)),
    (20, "traffic sign", 7, False, (220, 220, 0)),
    (21, "vegetation", 8, False, (107, 142, 35)),
    (22, "terrain", 9, False, (152, 251, 152)),
    (23, "sky", 10, False, (70, 130, 180)),
    (24, "person", 11, True, (220, 20, 60)),
    (25, "rider", 12, True, (255, 0, 0)),
    (26, "car", 13, True, (0, 0, 142)),
    (27, "truck", 14, True, (0, 0, 70)),
    (28, "bus", 15, True, (0, 60, 100)),
    (29, "caravan", 255, True, (0, 0, 90)),
    (30, "trailer", 255, True, (0, 0, 110)),
    (31, "train", 16, True, (0, 80, 100)),
    (32, "motorcycle", 17, True, (0, 0, 230)),
    (33, "bicycle", 18, True, (119, 11, 32)),
)
CATEGORIES = tuple(Category(number, name, thing, colour) for number, name, _, thing, colour in _ROWS)
_TRAIN_IDS: Mapping[tuple[int, str], int] = {(number, name): train_id for number, name, train_id, _, _ in _ROWS}


def train_ids(label_set: LabelSet) -> tuple[int, ...]:
    """The trainId of each category: Cityscapes' own where all are its labels, else their places from 0."""
    official = [_TRAIN_IDS.get((category.id, category.name)) for category in label_set]
    if None in official:
        return tuple(range(len(official)))
    return tuple(number for number in official if number is not None)
