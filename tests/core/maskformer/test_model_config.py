import pytest

from core.annotation.errors import ModelError
from core.annotation.labels import LabelSet
from core.maskformer.backbones.config import PRESETS, ResNetConfig, SwinConfig, ViTConfig
from core.maskformer.build import build_model
from core.maskformer.config import (
    DeepLabConfig,
    EncoderFPNConfig,
    FCNConfig,
    FPNConfig,
    LearnedQueriesConfig,
    MaskClassificationConfig,
    MaskedDecoderConfig,
    ModelConfig,
    PerPixelConfig,
    PerPixelPlusConfig,
    PlainDecoderConfig,
    PointQueriesConfig,
)


@pytest.mark.parametrize(
    ("kind", "change", "said"),
    [
        (FPNConfig, {"width": 100}, "multiple of 32 .*100"),
        (FPNConfig, {"mask_dim": 0}, "mask_dim"),
        (DeepLabConfig, {"rates": (1, 2)}, "rates"),
        (FCNConfig, {"width": 10**9}, "width"),
        (EncoderFPNConfig, {"layers": 1000}, "layers"),
        (MaskedDecoderConfig, {"heads": 7}, "7 heads"),
        (PlainDecoderConfig, {"dropout": 1.0}, "dropout"),
        (PlainDecoderConfig, {"dropout": "no"}, "dropout"),
        (PlainDecoderConfig, {"width": 6, "heads": 2}, "multiple of 4"),
        (PointQueriesConfig, {"queries": 20}, "36 queries"),
        (LearnedQueriesConfig, {"queries": 0}, "queries"),
        (LearnedQueriesConfig, {"queries": True}, "queries"),
        (LearnedQueriesConfig, {"queries": "100"}, "queries"),
        (SwinConfig, {"heads": (5, 6, 12, 24)}, "5 heads"),
        (SwinConfig, {"depths": (2, 2, 6)}, "depths"),
        (SwinConfig, {"depths": (2, 2, 10**9, 2)}, "depths"),
        (ResNetConfig, {"bottleneck": 1}, "bottleneck"),
        (ViTConfig, {"heads": 5}, "5 heads"),
    ],
)
def test_what_cannot_be_built_is_refused_at_construction_with_the_value(kind, change, said):
    with pytest.raises(ModelError, match=said):
        kind(**change)


@pytest.mark.parametrize("pixel_decoder", [FPNConfig(), EncoderFPNConfig(), DeepLabConfig(), FCNConfig()])
@pytest.mark.parametrize(
    "head",
    [
        MaskClassificationConfig(),
        MaskClassificationConfig(LearnedQueriesConfig(7), PlainDecoderConfig(), boxes=True),
        PerPixelConfig(),
        PerPixelPlusConfig(MaskedDecoderConfig(layers=2)),
    ],
)
@pytest.mark.parametrize("backbone", [PRESETS["efficientnet_lite2"], PRESETS["swin_base"], ViTConfig(), ResNetConfig()])
def test_dict_round_trip(backbone, pixel_decoder, head):
    config = ModelConfig(backbone, pixel_decoder, head, mask_classifier=True)
    assert ModelConfig.from_dict(config.to_dict()) == config


def test_a_backbone_may_be_a_presets_name_and_the_rest_takes_its_default():
    assert ModelConfig.from_dict({"backbone": "swin_tiny"}) == ModelConfig(PRESETS["swin_tiny"])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"beads": 8}, "beads"),
        ({"backbone": "resnet9000"}, "resnet9000"),
        ({"backbone": {"kind": "resnet9000"}}, "resnet9000"),
        ({"backbone": {"kind": "swin", "embed_dims": 3}}, "embed_dims"),
        ({"pixel_decoder": []}, "names and values"),
        ({"head": {"kind": "per_pixel", "boxes": True}}, "boxes"),
        ({"head": {"kind": "mask_classification", "queries": {"kind": "points", "grid_side": "3"}}}, "grid_side"),
        ({"mask_classifier": "yes"}, "mask_classifier"),
    ],
)
def test_a_dict_with_unknown_parts_or_fields_names_them(values, said):
    with pytest.raises(ModelError, match=said):
        ModelConfig.from_dict(values)


def test_a_model_without_categories_is_refused():
    with pytest.raises(ModelError, match="at least one category"):
        build_model(ModelConfig(), LabelSet.of([]))
