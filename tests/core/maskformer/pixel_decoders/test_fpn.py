import pytest
import torch

from core.maskformer.pixel_decoders.fpn import FPNPixelDecoder
from core.maskformer.positions import RealArea

# Odd sizes: a finer level is not twice the coarser one.
SIZES = [(84, 125), (42, 63), (21, 32), (11, 16)]


def test_equals_the_decoder_of_transformers_with_the_same_weights():
    theirs_module = pytest.importorskip("transformers.models.maskformer.modeling_maskformer")
    torch.manual_seed(0)
    channels = [24, 40, 112, 320]
    ours = FPNPixelDecoder(in_channels=channels, width=64, mask_dim=16).eval()
    theirs = theirs_module.MaskFormerPixelDecoder(
        in_features=channels[-1], lateral_widths=channels[:-1], feature_size=64, mask_feature_size=16
    ).eval()
    names = {"stem.": "fpn.stem.", "mask_features.": "mask_projection."}
    for index in range(3):
        names[f"laterals.{index}."] = f"fpn.layers.{index}.proj."
        names[f"blends.{index}."] = f"fpn.layers.{index}.block."
    state = {_renamed(name, names): torch.randn_like(tensor) * 0.3 for name, tensor in ours.state_dict().items()}
    theirs.load_state_dict(state)
    ours.load_state_dict({name: state[_renamed(name, names)] for name in ours.state_dict()})
    area = RealArea.of(torch.zeros(2, 3, 333, 500), None)
    features = [torch.randn(2, count, *size) for count, size in zip(channels, SIZES, strict=True)]
    with torch.inference_mode():
        result, expected = ours(features, area), theirs(list(features))
    torch.testing.assert_close(result.mask_features.full, expected.last_hidden_state, atol=1e-4, rtol=1e-4)
    assert [tuple(level.shape[2:]) for level in result.levels] == SIZES[:0:-1]
    assert result.memory is features[-1]


def _renamed(name: str, names: dict[str, str]) -> str:
    start = next(start for start in names if name.startswith(start))
    return names[start] + name.removeprefix(start)


def test_only_the_last_convolution_has_a_bias():
    names = {name for name, _ in FPNPixelDecoder(in_channels=[8, 8], width=32, mask_dim=4).named_parameters()}
    assert {name for name in names if name.endswith("bias")} == {
        "stem.1.bias",
        "laterals.0.1.bias",
        "blends.0.1.bias",
        "mask_features.bias",
    }
