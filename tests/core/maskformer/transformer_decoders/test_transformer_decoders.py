import pytest
import torch

from core.maskformer.output import MaskFeatures
from core.maskformer.pixel_decoders.features import PixelFeatures
from core.maskformer.positions import RealArea
from core.maskformer.query_sources.start import StartingQueries
from core.maskformer.transformer_decoders.layers import DecoderLayer
from core.maskformer.transformer_decoders.masked import MaskedTransformerDecoder
from core.maskformer.transformer_decoders.plain import PlainTransformerDecoder

NAMES = {
    "self_attention.query": "self_attn.q_proj",
    "self_attention.key": "self_attn.k_proj",
    "self_attention.value": "self_attn.v_proj",
    "self_attention.out": "self_attn.o_proj",
    "cross_attention.query": "encoder_attn.q_proj",
    "cross_attention.key": "encoder_attn.k_proj",
    "cross_attention.value": "encoder_attn.v_proj",
    "cross_attention.out": "encoder_attn.o_proj",
    "expand": "mlp.fc1",
    "contract": "mlp.fc2",
    "self_norm": "self_attn_layer_norm",
    "cross_norm": "encoder_attn_layer_norm",
    "final_norm": "final_layer_norm",
}


def decoder_layer() -> DecoderLayer:
    torch.manual_seed(0)
    return DecoderLayer(width=32, heads=4, feedforward=48, dropout=0.0).eval()


def test_a_layer_equals_that_of_transformers_with_the_same_weights():
    theirs_module = pytest.importorskip("transformers.models.maskformer.modeling_maskformer")
    configuration = pytest.importorskip("transformers.models.maskformer.configuration_maskformer")
    config = configuration.MaskFormerDetrConfig(d_model=32, decoder_attention_heads=4, decoder_ffn_dim=48, dropout=0.0)
    config._attn_implementation = "eager"
    theirs = theirs_module.MaskFormerDetrDecoderLayer(config).eval()
    ours = decoder_layer()
    for parameter in ours.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    theirs.load_state_dict(
        {
            f"{NAMES[name.rpartition('.')[0]]}.{name.rpartition('.')[2]}": value
            for name, value in ours.state_dict().items()
        }
    )
    content, positions = torch.randn(2, 2, 5, 32)
    memory, places = torch.randn(2, 2, 9, 32)
    with torch.inference_mode():
        result = ours(content, positions, memory + places, memory)
        expected = theirs(
            content,
            spatial_position_embeddings=places,
            object_queries_position_embeddings=positions,
            encoder_hidden_states=memory,
        )
    torch.testing.assert_close(result, expected, atol=1e-5, rtol=1e-4)


def test_memory_outside_a_querys_mask_changes_nothing():
    layer = decoder_layer()
    content, positions = torch.randn(2, 1, 3, 32)
    memory = torch.randn(1, 6, 32)
    allowed = torch.zeros(1, 3, 6, dtype=torch.bool)
    allowed[:, :, :2] = True
    other = memory.clone()
    other[:, 2:] = torch.randn(1, 4, 32)
    with torch.inference_mode():
        first = layer(content, positions, memory, memory, allowed)
        second = layer(content, positions, other, other, allowed)
        third = layer(content, positions, other, other)
    torch.testing.assert_close(first, second)
    assert not torch.allclose(first, third, atol=1e-3)


def pixel_features(channels: int, *, memory_channels: int, height: int = 64, width: int = 96) -> PixelFeatures:
    """Random features of one photo."""
    levels = tuple(torch.randn(1, channels, -(-height // s), -(-width // s)) for s in (32, 16, 8))
    memory = torch.randn(1, memory_channels, *levels[0].shape[2:])
    finest = torch.randn(1, channels, -(-height // 4), -(-width // 4))
    return PixelFeatures(levels, memory, MaskFeatures.of(finest, torch.nn.Conv2d(channels, 8, 3, padding=1)))


def queries() -> StartingQueries:
    return StartingQueries(torch.randn(1, 5, 32), torch.randn(1, 5, 32))


def test_layers_go_round_the_levels_and_see_the_state_before():
    decoder = MaskedTransformerDecoder(layers=[decoder_layer() for _ in range(4)], level_channels=16, width=32).eval()
    area = RealArea.of(torch.zeros(1, 3, 64, 96), None)
    asked = []

    def look(states: torch.Tensor, stride: int) -> torch.Tensor:
        asked.append((states, stride))
        return area.cells(stride).flatten(1)[:, None].expand(1, 5, -1)

    with torch.inference_mode():
        states = decoder(queries(), pixel_features(16, memory_channels=7), area, look)
    assert [stride for _, stride in asked] == [32, 16, 8, 32]
    assert all(seen is state for (seen, _), state in zip(asked, states[:-1], strict=True))
    assert len(states) == 5


def no_look(states: torch.Tensor, stride: int) -> torch.Tensor:
    raise AssertionError("the plain decoder asks nobody where to look")


@pytest.mark.parametrize("memory_channels", [7, 32])
def test_the_plain_decoder_gives_each_layers_state_through_one_norm(memory_channels):
    decoder = PlainTransformerDecoder(
        layers=[decoder_layer() for _ in range(3)], memory_channels=memory_channels, width=32
    ).eval()
    assert isinstance(decoder.project, torch.nn.Identity) is (memory_channels == 32)
    area = RealArea.of(torch.zeros(1, 3, 64, 96), None)
    with torch.inference_mode():
        states = decoder(queries(), pixel_features(16, memory_channels=memory_channels), area, no_look)
    assert len(states) == 3
    for state in states:
        torch.testing.assert_close(state.mean(-1), torch.zeros(1, 5), atol=1e-5, rtol=0)


def test_padding_is_no_memory_of_the_plain_decoder():
    decoder = PlainTransformerDecoder(layers=[decoder_layer()], memory_channels=7, width=32).eval()
    valid = torch.zeros(1, 96, 128, dtype=torch.bool)
    valid[:, :64, :96] = True
    wide = pixel_features(16, memory_channels=7, height=96, width=128)
    narrow = PixelFeatures(wide.levels, wide.memory[:, :, :2, :3], wide.mask_features)
    start = queries()
    with torch.inference_mode():
        padded = decoder(start, wide, RealArea(valid), no_look)[-1]
        alone = decoder(start, narrow, RealArea.of(torch.zeros(1, 3, 64, 96), None), no_look)[-1]
    torch.testing.assert_close(padded, alone, atol=1e-5, rtol=1e-5)
