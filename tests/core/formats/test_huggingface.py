"""A Hugging Face image folder, given to transformers' own processor for MaskFormer."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from PIL import Image
from transformers import MaskFormerImageProcessor

from core.annotation.truth import Truth
from core.annotation.views import panoptic_view
from core.formats.exported import ExportImage
from tests.core.formats.label_map_sets import export, opened, whole
from tests.core.formats.made_truths import LABELS, boxes_truth, export_images, many_categories, truths


def rows_of(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "metadata.jsonl").read_text(encoding="utf-8").splitlines()]


def processed(row: dict, folder: Path) -> tuple[np.ndarray, list[int]]:
    """(masks [N, H, W], classes [N]) that transformers' processor makes of a line and its map."""
    with Image.open(folder / row["instances_file_name"]) as image:
        ids = np.asarray(image).astype(np.int64)
    processor = MaskFormerImageProcessor(do_resize=False, size_divisor=1, ignore_index=0, do_reduce_labels=False)
    inputs = processor(
        np.zeros((*ids.shape, 3), dtype=np.uint8),
        segmentation_maps=ids,
        instance_id_to_semantic_id={segment["id"]: segment["category_id"] for segment in row["segments_info"]},
        input_data_format="channels_last",
        return_tensors="pt",
    )
    return inputs["mask_labels"][0].numpy() > 0, inputs["class_labels"][0].tolist()


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(truth=truths())
def test_the_processor_sees_the_panoptic_view(truth: Truth, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("export")
    export("huggingface", export_images([truth]), LABELS, folder)
    view = panoptic_view(truth, LABELS)
    (row,) = rows_of(folder / "train")
    masks, classes = processed(row, folder / "train")
    names = json.loads((folder / "id2label.json").read_bytes())
    assert [names[str(number)] for number in classes] == [LABELS.get(one.category_id).name for one in view.segments]
    assert np.array_equal(masks, np.stack([view.ids == one.id for one in view.segments]) if classes else masks[:0])
    data_set = opened("huggingface", folder)
    assert data_set.categories == LABELS.categories
    (image,) = whole(data_set)
    assert (image.id, image.split, image.size) == (10, "train", (truth.height, truth.width))
    assert [(part.category_id, part.crowd) for part in image.segments] == [
        (one.category_id, one.crowd) for one in view.segments
    ]
    assert all(
        np.array_equal(part.mask.to_array(), view.ids == one.id)
        for part, one in zip(image.segments, view.segments, strict=True)
    )


def test_each_split_has_its_folder(tmp_path: Path) -> None:
    box = boxes_truth(4, 4, (70_000, 7, (0, 0, 2, 2)))
    images = [
        ExportImage(f"{i}.png", f"{i}.png", i, 4, 4, box, split=split) for i, split in enumerate(("val", "train"))
    ]
    report = export("huggingface", images, LABELS, tmp_path)
    assert report.files == ("train/", "val/", "id2label.json", "labels.json", "README.md")
    assert [row["file_name"] for row in rows_of(tmp_path / "val")] == ["0.png"]
    assert sorted((image.split, image.file_name) for image in whole(opened("huggingface", tmp_path))) == [
        ("train", "1.png"),
        ("val", "0.png"),
    ]


def test_the_card_names_every_split_since_datasets_takes_few_folders_for_splits(tmp_path: Path) -> None:
    box = boxes_truth(4, 4, (1, 7, (0, 0, 2, 2)))
    images = [
        ExportImage(f"{i}.png", f"{i}.png", i, 4, 4, box, split=split) for i, split in enumerate(("mini-val", "no"))
    ]
    export("huggingface", images, LABELS, tmp_path)
    card = yaml.safe_load((tmp_path / "README.md").read_text(encoding="utf-8").split("---\n")[1])
    assert card["configs"] == [
        {
            "config_name": "default",
            "data_files": [{"split": "mini_val", "path": "mini-val/**"}, {"split": "no", "path": "no/**"}],
        }
    ]


def test_many_categories_and_what_is_lost(tmp_path: Path) -> None:
    labels = many_categories(300)
    truth = boxes_truth(
        3, 3, (1, 0, (0, 0, 3, 2)), (2, 897, (0, 0, 2, 2)), (3, 897, (0, 0, 1, 1)), (4, None, (2, 2, 3, 3))
    )
    report = export("huggingface", export_images([truth]), labels, tmp_path)
    assert {loss.kind: loss.count for loss in report.losses} == {"unlabelled": 1, "covered": 1, "merged": 1, "void": 3}
    (row,) = rows_of(tmp_path / "train")
    assert processed(row, tmp_path / "train")[1] == [0, 299]
