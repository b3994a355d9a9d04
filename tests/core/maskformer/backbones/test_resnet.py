import re

import pytest
import torch
from torch import Tensor, nn

from core.annotation.errors import ModelError
from core.maskformer.backbones.config import PRESETS, ResNetConfig
from core.maskformer.backbones.folding import fold_batch_norm
from core.maskformer.backbones.resnet import ResNet

SMALL = ResNetConfig(depths=(2, 1, 3, 2), widths=(16, 24, 32, 64), stem=8)
BASIC = ResNetConfig(depths=(2, 2, 1, 2), widths=(8, 16, 24, 32), stem=8, bottleneck=False)
SIZES = [(1, 1), (2, 33), (64, 64), (65, 97), (150, 221)]


def theirs_like(config: ResNetConfig):
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    model = transformers.ResNetBackbone(
        transformers.ResNetConfig(
            depths=list(config.depths),
            hidden_sizes=list(config.widths),
            embedding_size=config.stem,
            layer_type="bottleneck" if config.bottleneck else "basic",
            out_features=["stage1", "stage2", "stage3", "stage4"],
        )
    ).eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.7, 1.3)
            nn.init.normal_(module.bias, std=0.3)
            nn.init.normal_(module.running_mean, std=0.3)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
    return model


def folded(theirs: dict[str, Tensor]) -> dict[str, Tensor]:
    state = {}
    for name in [name for name in theirs if name.endswith("convolution.weight")]:
        norm = {part: theirs[name.replace("convolution.weight", f"normalization.{part}")] for part in NORM}
        ours = re.sub(
            r"encoder\.stages\.(\d+)\.layers\.(\d+)\.", r"stages.\1.\2.", name.removesuffix(".convolution.weight")
        )
        ours = re.sub(r"layer\.(\d)", r"convolutions.\1", ours).replace("embedder.embedder", "stem")
        state[f"{ours}.weight"], state[f"{ours}.bias"] = fold_batch_norm(
            theirs[name],
            scale=norm["weight"],
            shift=norm["bias"],
            mean=norm["running_mean"],
            variance=norm["running_var"],
            epsilon=1e-5,
        )
    return state


NORM = ("weight", "bias", "running_mean", "running_var")


def assert_same(config: ResNetConfig, size: tuple[int, int]) -> None:
    theirs, ours = theirs_like(config), ResNet(config).eval()
    ours.load_state_dict(folded(theirs.state_dict()))
    pixels = torch.randn(2, 3, *size)
    with torch.inference_mode():
        results, expected = ours(pixels), theirs(pixels).feature_maps
    for result, feature, stride, width in zip(results, expected, (4, 8, 16, 32), ours.channels, strict=True):
        assert tuple(result.shape[1:]) == (width, *(-(-side // stride) for side in size))
        assert (result - feature).abs().max() <= 1e-5 * feature.abs().max()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("config", [SMALL, BASIC], ids=["bottleneck", "basic"])
def test_equals_transformers(config, size):
    assert_same(config, size)


def test_resnet50_equals_transformers():
    assert_same(PRESETS["resnet50"], (333, 500))


def test_stem_and_stages_can_be_frozen():
    backbone = ResNet(SMALL)
    assert backbone.freezable == (backbone.stem, *backbone.stages)


def test_a_width_that_has_no_quarter_is_refused():
    with pytest.raises(ModelError, match=r"multiples of 4, got \(10, "):
        ResNetConfig(widths=(10, 512, 1024, 2048))


def test_folded_norm_equals_convolution_and_norm_in_sequence():
    torch.manual_seed(0)
    conv, norm = nn.Conv2d(3, 5, 3, bias=False), nn.BatchNorm2d(5, eps=0.1).eval()
    for tensor in (norm.weight, norm.bias, norm.running_mean):
        nn.init.normal_(tensor)
    nn.init.uniform_(norm.running_var, 0.01, 2.0)
    weight, bias = fold_batch_norm(
        conv.weight,
        scale=norm.weight,
        shift=norm.bias,
        mean=norm.running_mean,
        variance=norm.running_var,
        epsilon=norm.eps,
    )
    x = torch.randn(2, 3, 8, 8)
    torch.testing.assert_close(nn.functional.conv2d(x, weight, bias), norm(conv(x)))
