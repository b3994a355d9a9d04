"""Tiny data sets of every layout, and batches for small models."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from core.annotation.mask import Mask
from core.training.augment import draw_scene, example_of
from core.training.target import Batch, Target

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"


def real_set(name: str) -> Path:
    """A folder of ../shared/data; skips the test where it is absent."""
    if not (SHARED / name).is_dir():
        pytest.skip(f"needs ../shared/data/{name}, which is not here")
    return SHARED / name


def write_photo(path: Path, *, height: int = 48, width: int = 64, seed: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    assert cv2.imwrite(str(path), pixels)


def write_ids(path: Path, ids: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), ids)


def box(height: int, width: int, top: int, left: int, bottom: int, right: int) -> np.ndarray:
    inside = np.zeros((height, width), dtype=bool)
    inside[top:bottom, left:right] = True
    return inside


def coco_set(folder: Path, *, photos: int = 6) -> Path:
    """Photos of 64×48: a cat as polygon, an unknown thing as RLE, and in the first a crowd."""
    images, annotations = [], []
    for number in range(photos):
        write_photo(folder / "images" / f"{number}.png", seed=number)
        images.append({"id": number, "file_name": f"{number}.png", "height": 48, "width": 64})
        cat = {"segmentation": [[8, 8, 40, 8, 40, 40, 8, 40]], "category_id": 3}
        thing = {"segmentation": Mask.from_array(box(48, 64, 4, 44, 20, 60)).to_coco(), "category_id": 5}
        crowd = {"segmentation": {"size": [48, 64], "counts": [0, 48 * 4, 48 * 60]}, "category_id": 3, "iscrowd": 1}
        for entry in [cat, thing] + ([crowd] if number == 0 else []):
            annotations.append({"image_id": number, "id": len(annotations) + 1, "iscrowd": 0, **entry})
    categories = [{"id": 3, "name": "cat"}, {"id": 5, "name": "gizmo"}]
    content = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "instances.json").write_text(json.dumps(content))
    return folder


def partition_set(folder: Path) -> Path:
    """One photo, 30×20, with partitions 2 and 10: two halves, and one whole."""
    write_photo(folder / "train" / "a.png", height=20, width=30)
    halves = np.ones((20, 30), dtype=np.uint16)
    halves[:, 15:] = 300
    write_ids(folder / "train" / "a_2.png", halves)
    write_ids(folder / "train" / "a_10.png", np.ones((20, 30), dtype=np.uint16))
    return folder


def salient_set(folder: Path) -> Path:
    write_photo(folder / "images" / "a.png", height=20, width=30)
    write_ids(folder / "masks" / "a.png", box(20, 30, 5, 5, 15, 20).astype(np.uint8) * 255)
    return folder


def named_semantic_set(folder: Path) -> Path:
    """One photo, 40×40: two hats (id 1), a shoe below the least size (id 2), the rest unknown (id 0)."""
    write_photo(folder / "images" / "a.png", height=40, width=40)
    ids = np.zeros((40, 40), dtype=np.uint8)
    ids[2:12, 2:12] = 1
    ids[20:30, 20:30] = 1
    ids[35:37, 35:37] = 2
    write_ids(folder / "labels" / "a.png", ids)
    (folder / "labels.txt").write_text("null\nhat\nshoe\n")
    return folder


def unnamed_semantic_set(folder: Path) -> Path:
    """One photo, 40×40: the left half 0, the right half 4, a column of void (11)."""
    write_photo(folder / "val" / "a.png", height=40, width=40)
    ids = np.zeros((40, 40), dtype=np.uint8)
    ids[:, 20:] = 4
    ids[:, 38:] = 11
    write_ids(folder / "val-labels" / "a.png", ids)
    return folder


def panoptic_set(folder: Path) -> Path:
    """One photo, 40×40: a cat (id 70,000), grass (id 300), a crowd of cats (id 9), an id that is not listed, void."""
    write_photo(folder / "images" / "a.png", height=40, width=40)
    ids = np.full((40, 40), 300)
    ids[:10, :10] = 70_000
    ids[:10, 30:] = 9
    ids[30:, :10] = 12
    ids[30:, 30:] = 0
    bgr = np.stack([ids >> 16, ids >> 8 & 0xFF, ids & 0xFF], axis=2).astype(np.uint8)
    write_ids(folder / "panoptic" / "a.png", bgr)
    segments = [
        {"id": 300, "category_id": 2, "iscrowd": 0},
        {"id": 70_000, "category_id": 3, "iscrowd": 0},
        {"id": 9, "category_id": 3, "iscrowd": 1},
    ]
    content = {
        "annotations": [{"image_id": 5, "file_name": "a.png", "segments_info": segments}],
        "images": [{"id": 5, "file_name": "a.png", "height": 40, "width": 40}],
        "categories": [{"id": 2, "name": "grass", "isthing": 0}, {"id": 3, "name": "cat", "isthing": 1}],
    }
    (folder / "panoptic.json").write_text(json.dumps(content))
    return folder


def instance_set(folder: Path) -> Path:
    """One photo, 30×20: the instances 1 and 300, the latter in two parts."""
    write_photo(folder / "images" / "a.png", height=20, width=30)
    ids = np.zeros((20, 30), dtype=np.uint16)
    ids[2:8, 2:8] = 1
    ids[12:16, 2:8] = 300
    ids[12:16, 20:28] = 300
    write_ids(folder / "labels" / "a.png", ids)
    return folder


def make_example(image, *, crop_px, config, rng, **naming):
    """A random example of a prepared photo, as a step's batch has it; all chance comes from `rng`."""
    return example_of(draw_scene(image, crop_px=crop_px, config=config, rng=rng, **naming), crop_px, config)


def made_target(masks: np.ndarray, labels: list[int], *, validity: np.ndarray | None = None, complete=False) -> Target:
    """A target of bool masks [T, h, w]; its points are the first cells."""
    count, height, width = masks.shape
    points = [np.argwhere(mask)[0][::-1] + 0.5 for mask in masks]
    return Target(
        masks=torch.from_numpy(masks.astype(np.uint8) * 255),
        labels=torch.tensor(labels, dtype=torch.int64),
        points=torch.tensor(np.array(points).reshape(count, 2), dtype=torch.float32),
        validity=torch.from_numpy(np.ones((height, width), dtype=bool) if validity is None else validity),
        complete=complete,
        name="made",
    )


def disc_batch(side: int = 64) -> Batch:
    """One photo: a bright disc and a dark box on grey, and their masks; label 0 is the disc, 1 the box."""
    rows, columns = np.ogrid[:side, :side]
    disc = (rows - side * 0.35) ** 2 + (columns - side * 0.35) ** 2 < (side * 0.2) ** 2
    dark = box(side, side, round(side * 0.6), round(side * 0.55), round(side * 0.9), round(side * 0.95))
    pixels = np.full((side, side, 3), 120, dtype=np.uint8)
    pixels[disc], pixels[dark] = (250, 200, 40), (10, 20, 60)
    cells = np.stack([disc, dark])[:, 2::4, 2::4]
    return Batch(
        torch.from_numpy(pixels)[None],
        torch.ones((1, side, side), dtype=torch.bool),
        (made_target(cells, [0, 1], complete=True),),
    )
