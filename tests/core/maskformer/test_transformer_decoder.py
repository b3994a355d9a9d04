import pytest
import torch

from core.maskformer.transformer_decoder import DecoderLayer, MaskedTransformerDecoder

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


def test_layers_go_round_the_levels_and_see_the_state_before():
    layers = [decoder_layer() for _ in range(3)]
    decoder = MaskedTransformerDecoder(layers=layers, width=32, levels=2).eval()
    levels = [torch.randn(1, 32, 2, 3), torch.randn(1, 32, 4, 6)]
    places = [torch.randn(1, 6, 32), torch.randn(1, 24, 32)]
    asked = []

    def look(states: torch.Tensor, level: int) -> torch.Tensor:
        asked.append((states, level))
        return torch.ones(1, 5, places[level].shape[1], dtype=torch.bool)

    with torch.inference_mode():
        states = decoder(torch.randn(1, 5, 32), torch.randn(1, 5, 32), levels, places, look)
    assert [level for _, level in asked] == [0, 1, 0]
    assert all(seen is state for (seen, _), state in zip(asked, states[:-1], strict=True))
    assert len(states) == 4
