import dataclasses

import pytest
import torch

from core.annotation.errors import ModelError
from core.maskformer.backbones.config import EfficientNetLiteConfig, ResNetConfig, SwinConfig, ViTConfig
from core.maskformer.build import build_model
from core.maskformer.config import (
    DeepLabConfig,
    EncoderFPNConfig,
    FCNConfig,
    LearnedQueriesConfig,
    MaskClassificationConfig,
    ModelConfig,
    PerPixelConfig,
    PerPixelPlusConfig,
    PlainDecoderConfig,
)
from core.maskformer.convert import convert_to_maskformer, convert_to_per_pixel
from core.training.criterion import Criterion, LossConfig
from core.training.labels import LabelCodes
from tests.core.maskformer.small_models import SMALL_FPN, SMALL_PLAIN, labels, small_model
from tests.core.training.made_sets import made_target

BACKBONES = {
    "efficientnet_lite": EfficientNetLiteConfig(0),
    "resnet": ResNetConfig(depths=(1, 1, 1, 1), widths=(32, 32, 64, 64), stem=16),
    "swin": SwinConfig(embed_dim=16, depths=(1, 1, 2, 1), heads=(1, 2, 4, 8), window=4),
    "vit": ViTConfig(width=32, depth=2, heads=2, image_px=64),
}
PIXEL_DECODERS = {
    "fpn": SMALL_FPN,
    "encoder_fpn": EncoderFPNConfig(width=32, mask_dim=8, layers=1, heads=4, feedforward=32, dropout=0.0),
    "deeplab": DeepLabConfig(width=32, mask_dim=8),
    "fcn": FCNConfig(width=32, mask_dim=8),
}
HEADS = {"per_pixel": PerPixelConfig(), "per_pixel_plus": PerPixelPlusConfig(SMALL_PLAIN)}
SEGMENTER = ModelConfig(
    backbone=BACKBONES["vit"], pixel_decoder=PIXEL_DECODERS["fcn"], head=HEADS["per_pixel_plus"], mask_classifier=True
)


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("pixel_decoder", PIXEL_DECODERS)
@pytest.mark.parametrize("head", HEADS)
def test_every_per_pixel_model_becomes_a_maskformer(backbone, pixel_decoder, head):
    config = ModelConfig(BACKBONES[backbone], PIXEL_DECODERS[pixel_decoder], HEADS[head])
    model = small_model(config).eval()
    converted = convert_to_maskformer(model, queries=7, layers=2, width=32)
    photos = torch.randn(2, 3, 70, 90)
    with torch.inference_mode():
        before, after = model(photos), converted(photos)
    assert before.mask_logits.shape == (2, 3, 18, 23)
    assert after.mask_logits.shape == (2, 7, 18, 23)
    assert after.class_logits.shape == (2, 7, 4)
    assert after.mask_logits.isfinite().all()


def test_all_but_the_head_is_kept_as_copies():
    model = small_model(SEGMENTER)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    converted = convert_to_maskformer(model, queries=7, layers=2, width=32)
    kept = {name: value for name, value in converted.state_dict().items() if not name.startswith("head.")}
    assert {name.partition(".")[0] for name in kept} == {"backbone", "pixel_decoder", "mask_classifier"}
    for name, value in kept.items():
        assert torch.equal(value, before[name]), name
        value.add_(1)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_what_is_not_weights_is_kept_too():
    model = small_model(SEGMENTER).to(torch.bfloat16).eval()
    model.preprocessing = dataclasses.replace(model.preprocessing, long_side_px=64)
    model.weights_sha256 = "0" * 64
    converted = convert_to_maskformer(model, queries=7, layers=2, width=64)
    assert converted.label_set == model.label_set
    assert converted.preprocessing == model.preprocessing
    assert converted.weights_sha256 is None
    assert not converted.training
    assert {value.dtype for value in converted.state_dict().values()} == {torch.bfloat16}
    decoder = PlainDecoderConfig(width=64, layers=2, heads=2, feedforward=512)
    assert converted.config == dataclasses.replace(
        SEGMENTER, head=MaskClassificationConfig(LearnedQueriesConfig(7), decoder)
    )


def test_the_default_head_is_the_papers():
    head = convert_to_maskformer(small_model(SEGMENTER)).config.head
    assert head == MaskClassificationConfig(LearnedQueriesConfig(100), PlainDecoderConfig())


def test_and_back():
    model = convert_to_maskformer(small_model(SEGMENTER), queries=7, layers=2, width=32)
    back = convert_to_per_pixel(model)
    assert back.config == dataclasses.replace(SEGMENTER, head=PerPixelConfig())
    assert torch.equal(back.pixel_decoder.mask_features.weight, model.pixel_decoder.mask_features.weight)
    assert back.eval()(torch.randn(1, 3, 70, 90)).mask_logits.shape == (1, 3, 18, 23)


def test_a_model_that_classifies_masks_already_is_refused():
    with pytest.raises(ModelError, match="classifies masks already; convert one with a per-pixel head"):
        convert_to_maskformer(small_model())


def test_sizes_that_cannot_be_are_refused():
    with pytest.raises(ModelError, match="queries is a whole number from 1 to 16384, got 0"):
        convert_to_maskformer(small_model(SEGMENTER), queries=0)
    with pytest.raises(ModelError, match="width is a multiple of 32, got 100"):
        convert_to_maskformer(small_model(SEGMENTER), width=100)


def test_a_single_category_cannot_become_per_pixel():
    torch.manual_seed(0)
    model = build_model(ModelConfig(pixel_decoder=SMALL_FPN), labels("cat"))
    with pytest.raises(ModelError, match="at least two"):
        convert_to_per_pixel(model)


def test_a_converted_model_learns_a_toy_scene():
    torch.manual_seed(0)
    config = ModelConfig(BACKBONES["resnet"], PIXEL_DECODERS["fcn"], HEADS["per_pixel"])
    model = convert_to_maskformer(small_model(config), queries=6, layers=2, width=32, dropout=0.0).train()
    square = torch.zeros(16, 16, dtype=torch.bool)
    square[4:10, 3:12] = True
    photo = torch.where(square.repeat_interleave(4, 0).repeat_interleave(4, 1), 1.0, -1.0).expand(1, 3, 64, 64)
    target = made_target(torch.stack((square, ~square)).numpy(), [0, 1], complete=True)
    criterion = Criterion(LossConfig(), LabelCodes(model.label_set).table)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3)
    losses = []
    for _ in range(25):
        loss = criterion(model(photo), (target,)).total
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]
