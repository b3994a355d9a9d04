import json

import numpy as np
import pytest
from transformers import MaskFormerImageProcessorPil

from core.annotation.errors import ModelError
from core.maskformer.checkpoints.preprocessing import read_preprocessing
from core.maskformer.preprocessing import Preprocessing


def read(folder, **values) -> Preprocessing:
    (folder / "preprocessor_config.json").write_text(json.dumps(values))
    return read_preprocessing(folder)


@pytest.mark.parametrize("shape", [(480, 640), (333, 500), (1000, 300), (64, 64)])
def test_input_is_that_of_transformers(shape, tmp_path):
    """Sizes within its rounding up to the divisor, and the same values."""
    processor = MaskFormerImageProcessorPil(size={"shortest_edge": 96, "longest_edge": 160}, size_divisor=4)
    processor.save_pretrained(tmp_path)
    preprocessing = read_preprocessing(tmp_path)
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    theirs = processor(image, return_tensors="pt")["pixel_values"][0]
    height, width = preprocessing.input_size(*shape)
    assert abs(height - theirs.shape[1]) <= 4
    assert abs(width - theirs.shape[2]) <= 4
    small = image[:32, :32]
    expected = processor(small, do_resize=False, return_tensors="pt")["pixel_values"][0]
    assert (preprocessing.normalise(small) - expected).abs().max() < 1e-5


def test_a_folder_without_it_has_imagenets_values_and_cocos_sizes(tmp_path):
    preprocessing = read_preprocessing(tmp_path)
    assert preprocessing.mean == pytest.approx((123.675, 116.28, 103.53))
    assert preprocessing.std == pytest.approx((58.395, 57.12, 57.375))
    assert (preprocessing.short_side_px, preprocessing.long_side_px) == (800, 1332)


@pytest.mark.parametrize(
    ("values", "sides"),
    [
        ({"size": 512, "max_size": 2048, "size_divisibility": 32}, (512, 2048)),
        ({"size": 640}, (640, 1064)),
        ({"size": {"shortest_edge": 640}, "max_size": 2560}, (640, 2560)),
        ({"size": {"shortest_edge": 800, "longest_edge": 1333}}, (800, 1332)),
        ({"size": {"height": 384, "width": 512}}, (384, 512)),
        ({"size": {"longest_edge": 300, "shortest_edge": 400}}, (300, 300)),
    ],
)
def test_sizes_in_each_way_of_writing(values, sides, tmp_path):
    preprocessing = read(tmp_path, **values)
    assert (preprocessing.short_side_px, preprocessing.long_side_px) == sides


def test_steps_that_are_switched_off_are_left_out(tmp_path):
    assert read(tmp_path, do_normalize=False).mean == (0.0, 0.0, 0.0)
    assert read(tmp_path, do_normalize=False).std == pytest.approx((255.0, 255.0, 255.0))
    assert read(tmp_path, do_rescale=False, image_mean=[1, 2, 3], image_std=[4, 5, 6]).std == (4.0, 5.0, 6.0)


@pytest.mark.parametrize(
    "values",
    [
        {"image_mean": [0.5, 0.5]},
        {"image_mean": "ImageNet"},
        {"image_mean": [float("nan"), 0, 0]},
        {"image_std": [0, 1, 1]},
        {"image_std": [[1], 1, 1]},
        {"rescale_factor": 0},
        {"rescale_factor": "1/255"},
        {"size": "big"},
        {"size": {"edge": 3}},
        {"size": -5},
        {"size": 10**9},
        {"size": 512, "max_size": "2048"},
    ],
)
def test_broken_values_are_refused(values, tmp_path):
    with pytest.raises(ModelError):
        read(tmp_path, **values)
