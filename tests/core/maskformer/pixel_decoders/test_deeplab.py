import pytest
import torch
import torch.nn.functional as F

from core.maskformer.pixel_decoders.deeplab import AtrousSpatialPyramidPooling, DeepLabPixelDecoder, ImagePooling
from tests.core.maskformer.pixel_decoders.made_features import CHANNELS, made_area, made_features


def test_the_pooled_branch_is_the_mean_of_the_real_cells_alone():
    torch.manual_seed(0)
    pooling = ImagePooling(5, 7)
    features, cells = torch.randn(2, 5, 4, 6), torch.zeros(2, 4, 6, dtype=torch.bool)
    cells[0, :3, :2] = True
    cells[1] = True
    result = pooling(features, cells)
    for place, part in enumerate((features[0, :, :3, :2], features[1])):
        expected = F.relu(pooling.project.weight[:, :, 0, 0] @ part.mean((1, 2)) + pooling.project.bias)
        torch.testing.assert_close(result[place], expected[:, None, None].expand(-1, 4, 6))
    other = torch.where(cells[:, None], features, 1e4)
    torch.testing.assert_close(pooling(other, cells), result)


@pytest.mark.parametrize("rates", [(3, 6, 9), (1, 2, 4)])
def test_each_dilated_branch_looks_as_far_as_its_rate(rates):
    torch.manual_seed(0)
    aspp = AtrousSpatialPyramidPooling(in_channels=4, width=32, rates=rates)
    features = torch.randn(1, 4, 25, 25, requires_grad=True)
    for branch, rate in zip(aspp.dilated, rates, strict=True):
        (gradient,) = torch.autograd.grad(branch[0](features)[0, :, 12, 12].sum(), features)
        seen = gradient[0].abs().sum(0).nonzero().tolist()
        assert seen == [[12 + y * rate, 12 + x * rate] for y in (-1, 0, 1) for x in (-1, 0, 1)]


def test_aspp_equals_its_branches_written_out():
    torch.manual_seed(0)
    aspp = AtrousSpatialPyramidPooling(in_channels=6, width=32, rates=(1, 2))
    features, cells = torch.randn(2, 6, 5, 7), torch.ones(2, 5, 7, dtype=torch.bool)

    def normed(maps, norm):
        return F.relu(F.group_norm(maps, 32, norm.weight, norm.bias))

    local = normed(F.conv2d(features, aspp.local[0].weight), aspp.local[1])
    spread = [
        normed(F.conv2d(features, branch[0].weight, padding=rate, dilation=rate), branch[1])
        for branch, rate in zip(aspp.dilated, (1, 2), strict=True)
    ]
    project = aspp.pooling.project
    pooled = F.relu(F.conv2d(F.adaptive_avg_pool2d(features, 1), project.weight, project.bias)).expand(-1, -1, 5, 7)
    expected = normed(F.conv2d(torch.cat((local, *spread, pooled), 1), aspp.mix[0].weight), aspp.mix[1])
    torch.testing.assert_close(aspp(features, cells), expected, atol=1e-5, rtol=1e-5)


def test_the_levels_between_are_averages_of_the_joined_map():
    torch.manual_seed(0)
    decoder = DeepLabPixelDecoder(in_channels=CHANNELS, width=32, mask_dim=4).eval()
    with torch.inference_mode():
        result = decoder(made_features(96, 128), made_area([(96, 128)] * 2))
    joined = result.mask_features.inputs
    torch.testing.assert_close(result.levels[1], F.avg_pool2d(joined, 4))
    torch.testing.assert_close(result.levels[2], F.avg_pool2d(joined, 2))
