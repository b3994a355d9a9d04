import torch

from core.maskformer.positions import RealArea
from core.maskformer.query_sources.points import STRIDE, grid_points, peak_points, sample_at


def area(cells_high: int, cells_wide: int, real_high: int, real_wide: int) -> RealArea:
    valid = torch.zeros(1, cells_high * STRIDE, cells_wide * STRIDE, dtype=torch.bool)
    valid[:, : real_high * STRIDE, : real_wide * STRIDE] = True
    return RealArea(valid)


def test_a_peak_comes_before_a_higher_cell_on_its_slope():
    heat = torch.full((1, 1, 4, 10), -9.0)
    heat[..., 1, 1], heat[..., 1, 2], heat[..., 2, 8] = 5.0, 4.0, 1.0
    points = peak_points(heat, area(4, 10, 4, 10), 2)
    torch.testing.assert_close(points[0], torch.tensor([[0.15, 0.375], [0.85, 0.625]]))


def test_no_peak_lies_in_padding():
    heat = torch.randn(1, 1, 6, 6)
    heat[..., 4:, 4:] = 50.0
    points = peak_points(heat, area(6, 6, 3, 3), 9)[0]
    expected = area(3, 3, 3, 3).points(STRIDE).flatten(0, 2)
    assert sorted(points.tolist()) == sorted(expected.tolist())


def test_a_photo_with_fewer_cells_than_queries_repeats_them():
    assert peak_points(torch.zeros(1, 1, 1, 1), area(1, 1, 1, 1), 5)[0].tolist() == [[0.5, 0.5]] * 5


def test_a_peak_in_an_overhanging_cell_stays_inside_the_photo():
    photo = RealArea(torch.ones(1, 9, 9, dtype=torch.bool))
    assert peak_points(torch.zeros(1, 1, 2, 2), photo, 4).max() == 1


def test_the_grid_has_the_centres_of_equal_cells():
    assert grid_points(2).tolist() == [[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]]
    assert grid_points(0).shape == (0, 2)


def test_sampling_at_a_cells_centre_gives_its_feature():
    features = torch.randn(1, 5, 4, 6)
    for high, wide in [(4, 6), (2, 3)]:
        photo = area(4, 6, high, wide)
        points = photo.points(STRIDE)[:, :high, :wide].flatten(1, 2)
        expected = features[0, :, :high, :wide].flatten(1).T
        torch.testing.assert_close(sample_at(features, points, photo)[0], expected, atol=1e-5, rtol=1e-4)
