import pytest
import torch

from core.maskformer.backbones.config import PRESETS, EfficientNetLiteConfig
from core.maskformer.backbones.efficientnet_lite import EfficientNetLite
from core.maskformer.build import build_backbone

# Millions, without classifier and norms' running statistics: of the papers' and the reference code's tables (timm,
# torchvision, the TensorFlow lite models' list), less their last layers.
PARAMETERS = {
    "efficientnet_lite0": 2.94,
    "efficientnet_lite1": 3.70,
    "efficientnet_lite2": 4.33,
    "resnet50": 23.48,
    "resnet101": 42.45,
    "swin_tiny": 27.52,
    "swin_small": 48.84,
    "swin_base": 86.88,
    "swin_large": 195.20,
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_presets_have_the_official_sizes(name):
    with torch.device("meta"):
        backbone = build_backbone(PRESETS[name])
    count = sum(parameter.numel() for parameter in backbone.parameters()) / 1e6
    assert count == pytest.approx(PARAMETERS[name], abs=0.006)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_run_at_an_odd_size_with_the_channels_they_name(name):
    # Without weights and without arithmetic, except where autocast is asked for, which "meta" does not know.
    with torch.device("cpu" if name.startswith("efficientnet") else "meta"), torch.inference_mode():
        backbone = build_backbone(PRESETS[name])
        features = backbone(torch.empty(2, 3, 333, 501))
    assert [tuple(feature.shape) for feature in features] == [
        (2, channels, -(-333 // stride), -(-501 // stride))
        for channels, stride in zip(backbone.channels, (4, 8, 16, 32), strict=True)
    ]


def test_lite0_keeps_the_names_of_stored_checkpoints():
    names = list(EfficientNetLite(EfficientNetLiteConfig(0)).state_dict())
    assert names[:2] == ["stem.weight", "stem.bias"]
    assert names[2:6] == [
        f"stages.0.0.{part}.{kind}" for part in ("depthwise", "project") for kind in ("weight", "bias")
    ]
    assert names[-1] == "stages.6.0.project.bias"
    assert len(names) == 96
