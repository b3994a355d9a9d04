import pytest
import torch

from core.maskformer.pixel_decoders.deeplab import DeepLabPixelDecoder
from core.maskformer.pixel_decoders.encoder import EncoderLayer, EncoderPixelDecoder, TransformerEncoder
from core.maskformer.pixel_decoders.fcn import FCNPixelDecoder
from core.maskformer.pixel_decoders.fpn import FPNPixelDecoder
from core.maskformer.positions import RealArea
from tests.core.maskformer.pixel_decoders.made_features import CHANNELS, made_area, made_features

KINDS = ("fpn", "encoder_fpn", "deeplab", "fcn")
WIDTH, MASK_DIM = 64, 8


def pixel_decoder(kind: str) -> torch.nn.Module:
    torch.manual_seed(0)
    sizes = {"in_channels": CHANNELS, "width": WIDTH, "mask_dim": MASK_DIM}
    if kind == "encoder_fpn":
        layers = [EncoderLayer(width=WIDTH, heads=4, feedforward=32, dropout=0.0) for _ in range(2)]
        return EncoderPixelDecoder(**sizes, encoder=TransformerEncoder(layers=layers))
    return {"fpn": FPNPixelDecoder, "deeplab": DeepLabPixelDecoder, "fcn": FCNPixelDecoder}[kind](**sizes)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(333, 500), (64, 96), (1, 1), (3, 200)])
def test_shapes_are_the_contract_on_any_size(kind, size):
    decoder = pixel_decoder(kind).eval()
    with torch.inference_mode():
        result = decoder(made_features(*size, batch=1), made_area([size]))
        full = result.mask_features.full
    cells = {stride: tuple(-(-side // stride) for side in size) for stride in (4, 8, 16, 32)}
    assert [level.shape for level in result.levels] == [(1, WIDTH, *cells[stride]) for stride in (32, 16, 8)]
    assert result.memory.shape == (1, decoder.memory_channels, *cells[32])
    assert full.shape == (1, MASK_DIM, *cells[4])
    assert full.isfinite().all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_padding_mask_changes_nothing(kind):
    decoder, features = pixel_decoder(kind).eval(), made_features(70, 90)
    full = torch.ones(2, 70, 90, dtype=torch.bool)
    with torch.inference_mode():
        plain = decoder(features, RealArea(full, is_padded=False)).mask_features.full
        masked = decoder(features, RealArea(full)).mask_features.full
    torch.testing.assert_close(plain, masked, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_neighbour_in_the_batch_changes_nothing(kind):
    decoder, features = pixel_decoder(kind).eval(), made_features(70, 90)
    with torch.inference_mode():
        both = decoder(features, made_area([(70, 90), (40, 30)])).mask_features.full
        alone = decoder([part[:1] for part in features], made_area([(70, 90)])).mask_features.full
    torch.testing.assert_close(both[:1], alone, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_gradient_reaches_every_parameter_and_every_feature_used(kind):
    decoder = pixel_decoder(kind).train()
    features = [part.requires_grad_() for part in made_features(96, 128)]
    result = decoder(features, made_area([(96, 128), (80, 60)]))
    (result.mask_features.full.square().mean() + sum(level.square().mean() for level in result.levels)).backward()
    for name, parameter in decoder.named_parameters():
        # A softmax does not see a shift that all keys share.
        assert parameter.grad.abs().sum() > 0 or name.endswith("key.bias"), name
    used = {"deeplab": (0, 3)}.get(kind, (0, 1, 2, 3))
    assert tuple(place for place, part in enumerate(features) if part.grad is not None) == used


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", ["autocast", "weights"])
def test_bfloat16_is_near_float32(kind, way):
    decoder, features = pixel_decoder(kind).eval(), made_features(96, 128)
    area = made_area([(96, 128), (50, 70)])
    with torch.inference_mode():
        exact = decoder(features, area).mask_features.full
        if way == "weights":
            decoder, features = decoder.to(torch.bfloat16), [part.to(torch.bfloat16) for part in features]
        with torch.autocast("cpu", torch.bfloat16, enabled=way == "autocast"):
            rough = decoder(features, area).mask_features.full
    assert rough.dtype == torch.float32
    assert (rough - exact).square().mean().sqrt() < 0.03 * exact.square().mean().sqrt()
