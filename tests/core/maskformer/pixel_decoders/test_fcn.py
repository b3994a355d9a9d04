import torch

from core.maskformer.pixel_decoders.fcn import FCNPixelDecoder
from tests.core.maskformer.pixel_decoders.made_features import CHANNELS, made_area, made_features


def decoder() -> FCNPixelDecoder:
    torch.manual_seed(0)
    return FCNPixelDecoder(in_channels=CHANNELS, width=16, mask_dim=4).eval()


def test_even_features_sum_to_the_sum_of_their_projections():
    made, values = decoder(), [torch.randn(count) for count in CHANNELS]
    features = [
        value[None, :, None, None].expand(1, -1, *part.shape[2:])
        for value, part in zip(values, made_features(70, 90), strict=True)
    ]
    with torch.inference_mode():
        result = made(features, made_area([(70, 90)]))
        parts = [
            lateral.weight[:, :, 0, 0] @ value + lateral.bias
            for lateral, value in zip(made.laterals, reversed(values), strict=True)
        ]
    maps = [*result.levels, result.mask_features.inputs]
    for place, part in enumerate(maps, start=1):
        expected = torch.stack(parts[:place]).sum(0)[None, :, None, None].expand_as(part)
        torch.testing.assert_close(part, expected, atol=1e-5, rtol=1e-5)


def test_a_coarse_cell_is_spread_bilinearly():
    made = decoder()
    features = [
        torch.zeros(1, count, *part.shape[2:]) for count, part in zip(CHANNELS, made_features(64, 64), strict=True)
    ]
    with torch.inference_mode():
        flat = made(features, made_area([(64, 64)])).levels[1]
        features[3][0, 0, 0, 0] = 1.0
        raised = made(features, made_area([(64, 64)])).levels[1] - flat
    shape = raised[0, 0] / raised[0, 0, 0, 0]
    one = torch.tensor([1.0, 0.75, 0.25, 0.0])
    torch.testing.assert_close(shape, torch.outer(one, one), atol=1e-5, rtol=1e-5)
