import math

import torch

from core.maskformer.heads.prior import CENTRE_RANGE, RADIUS_RANGE, START_RADIUS, SpatialPrior, prior_channels
from core.maskformer.output import mask_product
from core.maskformer.positions import RealArea


def test_the_prior_is_the_ellipse_that_its_docstring_says():
    torch.manual_seed(0)
    prior = SpatialPrior(width=8)
    states, points = torch.randn(1, 3, 8) * 3, torch.rand(1, 3, 2)
    area = RealArea(torch.ones(1, 35, 50, dtype=torch.bool))
    result = mask_product(prior(states, points), prior_channels(area, 4))

    shape = prior.shape(states)[0].detach()
    places = area.points(4)[0]
    for query in range(3):
        strength = math.log1p(math.exp(shape[query, 0]))
        axes = START_RADIUS * RADIUS_RANGE ** torch.tanh(shape[query, 1:3])
        centre = points[0, query] + CENTRE_RANGE * torch.tanh(shape[query, 3:])
        expected = strength * (1 - (((places - centre) / axes) ** 2).sum(-1))
        torch.testing.assert_close(result[0, query], expected, atol=1e-3, rtol=1e-3)


def test_autocast_does_not_blur_the_prior():
    torch.manual_seed(0)
    prior = SpatialPrior(width=8)
    states, points = torch.randn(1, 3, 8), torch.rand(1, 3, 2)
    channels = prior_channels(RealArea(torch.ones(1, 64, 64, dtype=torch.bool)), 4)
    exact = mask_product(prior(states, points), channels)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(mask_product(prior(states, points), channels), exact)
