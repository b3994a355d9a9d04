import pytest
import torch

from core.maskformer.positions import RealArea, sine_positions


def test_sine_positions_equal_those_of_transformers():
    theirs_module = pytest.importorskip("transformers.models.maskformer.modeling_maskformer")
    height, width = 7, 12
    theirs = theirs_module.MaskFormerSinePositionEmbedding(num_position_features=32, normalize=True)
    expected = theirs(torch.Size((1, 64, height, width)), "cpu", torch.float32)
    area = RealArea.of(torch.zeros(1, 3, 32 * height - 5, 32 * width), None)
    result = sine_positions(area.steps(32), 64)
    torch.testing.assert_close(result.permute(0, 3, 1, 2), expected, atol=1e-4, rtol=1e-4)


def padded(height: int, width: int, real_height: int, real_width: int) -> RealArea:
    valid = torch.zeros(1, height, width, dtype=torch.bool)
    valid[:, :real_height, :real_width] = True
    return RealArea(valid)


def test_points_are_cell_centres_as_fractions_of_the_photo():
    points = padded(16, 24, 8, 16).points(4)
    assert points.shape == (1, 4, 6, 2)
    assert points[0, 0, 0].tolist() == [0.125, 0.25]
    assert points[0, 1, 3].tolist() == [0.875, 0.75]


def test_padding_and_stride_move_no_place():
    photo, wide = padded(50, 70, 50, 70), padded(128, 96, 50, 70)
    assert torch.equal(wide.points(8)[:, :7, :9], photo.points(8))
    # Four cells of stride 4 have the same middle as the one of stride 8 that they make.
    middle = torch.nn.functional.avg_pool2d(photo.points(4).permute(0, 3, 1, 2), 2, ceil_mode=False)
    torch.testing.assert_close(middle.permute(0, 2, 3, 1), photo.points(8)[:, :6, :9])


def test_a_cell_is_real_when_its_first_pixel_is():
    assert padded(64, 64, 1, 33).cells(32)[0].tolist() == [[True, True], [False, False]]
    assert padded(33, 65, 33, 65).cells(32).shape == (1, 2, 3)


def test_detrs_steps_count_real_cells_alone():
    assert torch.equal(padded(96, 128, 64, 96).steps(32)[:, :2, :3], padded(64, 96, 64, 96).steps(32))
