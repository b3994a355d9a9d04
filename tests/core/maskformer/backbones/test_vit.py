import pytest
import torch
from torch import Tensor, nn

from core.annotation.errors import ModelError
from core.maskformer.backbones.config import ViTConfig
from core.maskformer.backbones.vit import ViT

SMALL = ViTConfig(width=32, depth=3, heads=4, image_px=64)


def theirs_like(config: ViTConfig):
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    model = transformers.ViTModel(
        transformers.ViTConfig(
            hidden_size=config.width,
            num_hidden_layers=config.depth,
            num_attention_heads=config.heads,
            intermediate_size=int(config.width * config.mlp_ratio),
            image_size=config.image_px,
            patch_size=16,
            layer_norm_eps=1e-6,
        ),
        add_pooling_layer=False,
    ).eval()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.3)
    return model


def trunk_of(theirs, ours: ViT) -> dict[str, Tensor]:
    """Their weights under our names, in the order in which both declare them; the pyramid is ours."""
    state = theirs.state_dict()
    side = ours.patch_embedding.positions.shape[0]
    trunk = {
        "patch_embedding.positions": state["embeddings.position_embeddings"][0, 1:].unflatten(0, (side, side)),
        "patch_embedding.projection.weight": state["embeddings.patch_embeddings.projection.weight"],
        "patch_embedding.projection.bias": state["embeddings.patch_embeddings.projection.bias"],
        "norm.weight": state["layernorm.weight"],
        "norm.bias": state["layernorm.bias"],
    }
    for index, layer in enumerate(theirs.layers):
        parts = layer.state_dict()
        for kind in ("weight", "bias"):
            attention = f"attention.{{}}_proj.{kind}"
            qkv = [parts[attention.format(part)] for part in "qkv"]
            trunk |= {
                f"blocks.{index}.attention_norm.{kind}": parts[f"layernorm_before.{kind}"],
                f"blocks.{index}.attention.qkv.{kind}": torch.cat(qkv),
                f"blocks.{index}.attention.out.{kind}": parts[attention.format("o")],
                f"blocks.{index}.mlp_norm.{kind}": parts[f"layernorm_after.{kind}"],
                f"blocks.{index}.expand.{kind}": parts[f"mlp.fc1.{kind}"],
                f"blocks.{index}.contract.{kind}": parts[f"mlp.fc2.{kind}"],
            }
    return trunk


@pytest.mark.parametrize("size", [(64, 64), (32, 96), (80, 48)])
def test_trunk_equals_transformers_without_its_class_token(size):
    theirs, ours = theirs_like(SMALL), ViT(SMALL).eval()
    ours.load_state_dict(ours.state_dict() | trunk_of(theirs, ours))
    pixels = torch.randn(2, 3, *size)
    seen = []
    ours.norm.register_forward_hook(lambda module, inputs, output: seen.append(output))
    with torch.inference_mode():
        tokens = theirs.embeddings(pixels, interpolate_pos_encoding=True)[:, 1:]
        for layer in theirs.layers:
            tokens = layer(tokens)
        expected = theirs.layernorm(tokens)
        ours(pixels)
    assert (seen[0].flatten(1, 2) - expected).abs().max() <= 1e-5 * expected.abs().max()


@pytest.mark.parametrize("size", [(1, 1), (17, 31), (33, 64), (65, 97), (100, 50)])
def test_features_lie_at_four_strides_at_any_size(size):
    ours = ViT(SMALL).eval()
    with torch.inference_mode():
        features = ours(torch.randn(2, 3, *size))
    for feature, stride, channels in zip(features, (4, 8, 16, 32), ours.channels, strict=True):
        assert tuple(feature.shape[1:]) == (channels, *(-(-side // stride) for side in size))
        assert feature.isfinite().all()


def test_what_lies_right_and_below_moves_no_feature_of_the_pyramid():
    """A feature's cell depends on its own place alone: the pyramid's steps do not mix cells of stride 32."""
    ours = ViT(SMALL).eval()
    x = torch.randn(1, 32, 4, 6)
    changed = x.clone()
    changed[:, :, 2:, :] += 1
    with torch.inference_mode():
        for level, rows in zip(ours.pyramid, (8, 4, 2, 1), strict=True):
            one, two = level(x), level(changed)
            assert torch.equal(one[:, :, :rows], two[:, :, :rows])
            assert not torch.equal(one[:, :, rows:], two[:, :, rows:])


def test_patch_embedding_and_blocks_can_be_frozen():
    backbone = ViT(SMALL)
    assert backbone.freezable == (backbone.patch_embedding, *backbone.blocks)


def test_every_parameter_gets_a_gradient():
    backbone = ViT(ViTConfig(width=32, depth=2, heads=4, image_px=64, drop_path=0.1))
    sum(feature.square().mean() for feature in backbone(torch.randn(4, 3, 48, 50))).backward()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in backbone.parameters())


@pytest.mark.parametrize(
    ("values", "message"),
    [({"width": 30, "heads": 5}, "multiple of 4"), ({"image_px": 100}, "multiple of 16"), ({"heads": 5}, "5 heads")],
)
def test_impossible_sizes_are_refused(values, message):
    with pytest.raises(ModelError, match=message):
        ViTConfig(**values)
