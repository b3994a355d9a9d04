import re

import pytest
import torch
from torch import Tensor

from core.maskformer.backbones.config import PRESETS, SwinConfig
from core.maskformer.backbones.swin import Swin
from core.maskformer.backbones.windows import APART, WindowGrid

SMALL = SwinConfig(embed_dim=12, depths=(2, 2, 3, 2), heads=(2, 3, 4, 6), window=4)
# Ours from transformers', in this order.
NAMES = {
    r"^model\.": "",
    r"embeddings\.patch_embeddings\.projection": "patch_embedding.projection",
    r"embeddings\.norm": "patch_embedding.norm",
    r"encoder\.layers": "stages",
    r"downsample\.reduction": "merge.reduce",
    r"downsample": "merge",
    r"layernorm_before": "attention_norm",
    r"layernorm_after": "mlp_norm",
    r"self\.relative_position_bias_table": "position_bias",
    r"attention\.output\.dense": "attention.out",
    r"intermediate\.dense": "expand",
    r"output\.dense": "contract",
    r"hidden_states_norms": "norms",
}


def theirs_like(config: SwinConfig):
    module = pytest.importorskip("transformers.models.maskformer.modeling_maskformer_swin")
    theirs_config = pytest.importorskip("transformers.models.maskformer.configuration_maskformer_swin")
    torch.manual_seed(0)
    backbone = module.MaskFormerSwinBackbone(
        theirs_config.MaskFormerSwinConfig(
            embed_dim=config.embed_dim,
            depths=list(config.depths),
            num_heads=list(config.heads),
            window_size=config.window,
            mlp_ratio=config.mlp_ratio,
            qkv_bias=config.qkv_bias,
            out_features=["stage1", "stage2", "stage3", "stage4"],
        )
    ).eval()
    with torch.no_grad():
        for name, parameter in backbone.named_parameters():
            # As large as trained ones: transformers draws them near 0, where no error would show.
            matrix = parameter.ndim > 1 and "bias_table" not in name
            parameter.add_(torch.randn_like(parameter), alpha=parameter[0].numel() ** -0.5 if matrix else 0.5)
    return backbone


def renamed(theirs: dict[str, Tensor]) -> dict[str, Tensor]:
    state: dict[str, Tensor] = {}
    for name, tensor in theirs.items():
        for pattern, ours in NAMES.items():
            name = re.sub(pattern, ours, name)
        if not name.startswith("layernorm") and "relative_position_index" not in name:
            state[name] = tensor
    for name in [name for name in state if ".self.query." in name]:
        parts = [state.pop(name.replace("query", part)) for part in ("query", "key", "value")]
        state[name.replace("self.query", "qkv")] = torch.cat(parts)
    return state


def pair(config: SwinConfig):
    theirs, ours = theirs_like(config), Swin(config).eval()
    ours.load_state_dict(renamed(theirs.state_dict()))
    return ours, theirs


def assert_same(ours, theirs, pixels, tolerance=1e-5):
    for result, expected in zip(ours, theirs, strict=True):
        assert result.shape == expected.shape
        assert (result - expected).abs().max() <= tolerance * expected.abs().max()
    assert [feature.shape[2:] for feature in ours] == [
        tuple(-(-side // stride) for side in pixels.shape[2:]) for stride in (4, 8, 16, 32)
    ]


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (64, 64), (65, 97), (128, 128), (150, 221)])
def test_equals_transformers(size):
    ours, theirs = pair(SMALL)
    pixels = torch.randn(2, 3, *size)
    with torch.inference_mode():
        assert_same(ours(pixels), theirs(pixels).feature_maps, pixels)


@pytest.mark.parametrize(
    "config",
    [
        SwinConfig(8, (1, 2, 1, 2), (1, 2, 4, 8), window=7, mlp_ratio=2.0, qkv_bias=False),
        SwinConfig(8, (2, 1, 2, 1), (2, 2, 2, 2), window=5),
    ],
    ids=str,
)
def test_equals_transformers_with_other_options(config):
    ours, theirs = pair(config)
    pixels = torch.randn(2, 3, 109, 90)
    with torch.inference_mode():
        assert_same(ours(pixels), theirs(pixels).feature_maps, pixels)


@pytest.mark.parametrize("size", [(333, 500), (512, 512)])
def test_swin_tiny_equals_transformers(size):
    ours, theirs = pair(PRESETS["swin_tiny"])
    pixels = torch.randn(1, 3, *size)
    with torch.inference_mode():
        assert_same(ours(pixels), theirs(pixels).feature_maps, pixels)


def test_training_pass_and_gradients_equal_transformers():
    ours, theirs = pair(SMALL)
    pixels = torch.randn(2, 3, 61, 70)
    sums = [sum(feature.square().mean() for feature in features) for features in (ours(pixels), theirs(pixels)[0])]
    for total in sums:
        total.backward()
    expected = renamed(
        {name: parameter.grad for name, parameter in theirs.named_parameters() if "model.layernorm" not in name}
    )
    for name, parameter in ours.named_parameters():
        assert (parameter.grad - expected[name]).abs().max() <= 1e-4 * expected[name].abs().max() + 1e-7, name


def test_a_photo_does_not_depend_on_its_neighbour():
    ours = Swin(SMALL).eval()
    pixels = torch.randn(3, 3, 90, 71)
    other = pixels.clone()
    other[1] = 100.0
    with torch.inference_mode():
        for one, two in zip(ours(pixels), ours(other), strict=True):
            assert torch.equal(one[[0, 2]], two[[0, 2]])


def test_drop_path_rises_to_the_last_block_and_acts_in_training_only():
    backbone = Swin(SwinConfig(12, (2, 2, 3, 2), (2, 3, 4, 6), window=4, drop_path=0.8))
    chances = [block.drop_path.chance for stage in backbone.stages for block in stage.blocks]
    assert chances == pytest.approx([0.1 * index for index in range(9)])
    pixels = torch.randn(1, 3, 64, 64)
    assert not torch.equal(backbone(pixels)[-1], backbone(pixels)[-1])
    backbone.eval()
    assert torch.equal(backbone(pixels)[-1], backbone(pixels)[-1])


def test_bfloat16_is_near_float32():
    ours, _ = pair(SMALL)
    pixels = torch.randn(1, 3, 128, 96)
    with torch.inference_mode():
        exact, rough = ours(pixels), ours.to(torch.bfloat16)(pixels.bfloat16())
    for feature, approximation in zip(exact, rough, strict=True):
        assert approximation.dtype == torch.bfloat16
        assert (approximation.float() - feature).norm() <= 0.03 * feature.norm()


def test_stem_and_stages_can_be_frozen():
    backbone = Swin(SMALL)
    assert backbone.freezable == (backbone.patch_embedding, *backbone.stages)


@pytest.mark.parametrize("shift", [0, 1, 2])
@pytest.mark.parametrize("size", [(1, 1), (4, 8), (9, 6)])
def test_windows_hold_every_token_once_and_come_back(size, shift):
    tokens = torch.arange(2 * size[0] * size[1]).view(2, *size, 1)
    grid = WindowGrid.of(tokens, window=4, shift=shift)
    ended = torch.cat((tokens.flatten(1, 2), torch.full((2, 1, 1), -1)), dim=1).flatten()
    windows = ended[grid.order]
    assert torch.equal(windows[grid.places], tokens.flatten())
    assert sum(grid.counts) * 16 == len(windows)


def test_tokens_see_only_what_lies_near_them_before_the_shift():
    height, width, window, shift = 9, 11, 4, 2
    tokens = torch.arange(height * width).view(1, height, width, 1)
    grid = WindowGrid.of(tokens, window=window, shift=shift)
    for windows, cut in grid.groups():
        for members in grid.order.view(-1, window**2)[windows]:
            real = members < height * width
            y, x = members // width, members % width
            near = ((y[:, None] - y).abs() < window) & ((x[:, None] - x).abs() < window)
            seen = (cut[0] > APART)[real][:, real]
            assert torch.equal(seen, near[real][:, real])
