import pytest
import torch

from core.maskformer.pixel_decoders.encoder import EncoderLayer, EncoderPixelDecoder, TransformerEncoder
from core.maskformer.pixel_decoders.fpn import FPNPixelDecoder
from core.maskformer.positions import RealArea
from tests.core.maskformer.pixel_decoders.made_features import CHANNELS, made_area, made_features

NAMES = {
    "self_attention.query": "self_attn.q_proj",
    "self_attention.key": "self_attn.k_proj",
    "self_attention.value": "self_attn.v_proj",
    "self_attention.out": "self_attn.o_proj",
    "expand": "mlp.fc1",
    "contract": "mlp.fc2",
    "self_norm": "self_attn_layer_norm",
    "final_norm": "final_layer_norm",
}


def encoder(width=32, *, layers=3) -> TransformerEncoder:
    torch.manual_seed(0)
    parts = [EncoderLayer(width=width, heads=4, feedforward=48, dropout=0.0) for _ in range(layers)]
    made = TransformerEncoder(layers=parts).eval()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return made


@pytest.mark.parametrize("padded", [False, True])
def test_equals_the_encoder_of_detr_with_the_same_weights(padded):
    detr = pytest.importorskip("transformers.models.detr.modeling_detr")
    config = pytest.importorskip("transformers").DetrConfig(
        d_model=32,
        encoder_layers=3,
        encoder_attention_heads=4,
        encoder_ffn_dim=48,
        dropout=0.0,
        use_timm_backbone=False,
        use_pretrained_backbone=False,
        backbone_config=pytest.importorskip("transformers").ResNetConfig(),
    )
    config._attn_implementation = "eager"
    ours, theirs = encoder(), detr.DetrEncoder(config).eval()
    theirs.load_state_dict({_renamed(name): value for name, value in ours.state_dict().items()})
    area = made_area(sizes=[(130, 170), (200, 300)] if padded else [(200, 300)] * 2)
    cells = area.cells(32)
    features = torch.randn(2, 32, *cells.shape[1:])
    places = detr.DetrSinePositionEmbedding(16, normalize=True)(features.shape, "cpu", torch.float32, cells)
    with torch.inference_mode():
        result = ours(features, area).flatten(2).transpose(1, 2)
        expected = theirs(
            features.flatten(2).transpose(1, 2),
            attention_mask=cells.flatten(1) if padded else None,
            spatial_position_embeddings=places.flatten(2).transpose(1, 2),
        ).last_hidden_state
    real = cells.flatten(1)
    torch.testing.assert_close(result[real], expected[real], atol=1e-5, rtol=1e-5)


def _renamed(name: str) -> str:
    layers, index, rest = name.split(".", 2)
    part, _, kind = rest.rpartition(".")
    return f"{layers}.{index}.{NAMES[part]}.{kind}"


def decoder() -> EncoderPixelDecoder:
    made = encoder()
    return EncoderPixelDecoder(in_channels=CHANNELS, width=32, mask_dim=8, encoder=made).eval()


def test_the_encoded_features_are_both_memory_and_the_pyramids_coarsest_input():
    ours, features, area = decoder(), made_features(70, 90), made_area(sizes=[(70, 90)] * 2)
    fpn = FPNPixelDecoder(in_channels=(*CHANNELS[:-1], 32), width=32, mask_dim=8).eval()
    fpn.load_state_dict({name: value for name, value in ours.state_dict().items() if name in fpn.state_dict()})
    with torch.inference_mode():
        result = ours(features, area)
        expected = fpn([*features[:-1], ours.encoder(ours.project(features[-1]), area)], area)
        torch.testing.assert_close(result.mask_features.full, expected.mask_features.full)
    assert ours.memory_channels == result.memory.shape[1] == 32
    torch.testing.assert_close(result.memory, expected.memory)


def test_a_full_padding_mask_is_no_padding_mask():
    ours, features = decoder(), made_features(70, 90)
    full = torch.ones(2, 70, 90, dtype=torch.bool)
    with torch.inference_mode():
        plain = ours(features, RealArea(full, is_padded=False))
        masked = ours(features, RealArea(full))
    torch.testing.assert_close(plain.memory, masked.memory, atol=1e-6, rtol=1e-5)


def test_padded_cells_change_no_real_cell():
    area = made_area(sizes=[(130, 170), (200, 300)])
    features = torch.randn(2, 32, *area.cells(32).shape[1:])
    other = torch.where(area.cells(32)[:, None], features, torch.randn_like(features) * 100)
    real = area.cells(32)[:, None].expand_as(features)
    made = encoder()
    with torch.inference_mode():
        torch.testing.assert_close(made(features, area)[real], made(other, area)[real], atol=1e-6, rtol=1e-5)
        ignorant = RealArea(torch.ones_like(area.pixels))
        assert not torch.allclose(made(features, ignorant)[real], made(other, ignorant)[real], atol=1e-2)


def test_padding_changes_no_place():
    made = encoder()
    features = torch.randn(1, 32, 5, 6)
    wide = torch.nn.functional.pad(features, (0, 4, 0, 3))
    with torch.inference_mode():
        alone = made(features, made_area(sizes=[(160, 192)]))
        beside = made(wide, made_area(sizes=[(160, 192)], padded=(256, 320)))
    torch.testing.assert_close(beside[:, :, :5, :6], alone, atol=1e-5, rtol=1e-5)
