import pytest
import torch
import torch.nn.functional as F

from core.maskformer.kernels import convolution
from core.maskformer.kernels.convolution import Convolution, convolve
from core.maskformer.kernels.winograd import TILES_AT_A_TIME, winograd_3x3


def relative_error(result, expected):
    return float((result - expected).abs().max() / expected.abs().max())


@pytest.mark.parametrize("size", [(1, 1), (2, 7), (4, 4), (5, 3), (33, 50), (63, 64)])
@pytest.mark.parametrize("bias", [True, False])
@torch.inference_mode()
def test_equals_the_plain_convolution_at_any_size(size, bias):
    torch.manual_seed(0)
    x, weight = torch.randn(2, 5, *size), torch.randn(7, 5, 3, 3)
    shift = torch.randn(7) if bias else None
    result = winograd_3x3(x, weight, shift)
    assert result.shape == (2, 7, *size)
    expected = F.conv2d(x.double(), weight.double(), None if shift is None else shift.double(), padding=1)
    assert relative_error(result, expected) < 3e-6


@torch.inference_mode()
def test_is_as_exact_as_the_pixel_decoder_needs():
    torch.manual_seed(0)
    x, weight = torch.randn(1, 256, 50, 64).relu(), torch.randn(256, 256, 3, 3)
    expected = F.conv2d(x.double(), weight.double(), padding=1)
    assert relative_error(winograd_3x3(x, weight), expected) < 1e-5


@torch.inference_mode()
def test_more_tiles_than_are_taken_at_a_time():
    x, weight = torch.randn(1, 2, 140, 150), torch.randn(3, 2, 3, 3)
    assert TILES_AT_A_TIME < 35 * 38
    assert relative_error(winograd_3x3(x, weight), F.conv2d(x, weight, padding=1)) < 1e-5


@torch.inference_mode()
def test_an_image_does_not_depend_on_its_neighbour():
    x, weight = torch.randn(3, 8, 30, 41), torch.randn(6, 8, 3, 3)
    other = x.clone()
    other[1] = 1000.0
    assert torch.equal(winograd_3x3(x, weight)[[0, 2]], winograd_3x3(other, weight)[[0, 2]])


@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_layer_equals_torch_in_inference_and_training(kernel):
    torch.manual_seed(0)
    ours, plain = Convolution(128, 96, kernel), torch.nn.Conv2d(128, 96, kernel, padding=kernel // 2)
    plain.load_state_dict(ours.state_dict())
    x = torch.randn(1, 128, 48, 48)
    with torch.inference_mode():
        assert relative_error(ours(x), plain(x)) < 1e-5
    ours(x).square().mean().backward()
    plain(x).square().mean().backward()
    assert torch.equal(ours.weight.grad, plain.weight.grad)


@pytest.mark.parametrize(
    ("channels", "size", "kernel", "dtype", "expected"),
    [
        (128, 48, 3, torch.float32, True),
        (64, 48, 3, torch.float32, False),
        (128, 32, 3, torch.float32, False),
        (128, 48, 5, torch.float32, False),
        (128, 48, 3, torch.bfloat16, False),
    ],
)
def test_is_taken_where_it_pays(monkeypatch, channels, size, kernel, dtype, expected):
    taken = []
    monkeypatch.setattr(convolution, "winograd_3x3", lambda *arguments: taken.append(True))
    x, weight = (
        torch.zeros(1, channels, size, size, dtype=dtype),
        torch.zeros(channels, channels, kernel, kernel, dtype=dtype),
    )
    with torch.no_grad():
        convolve(x, weight)
    assert bool(taken) == expected


def test_is_not_taken_where_a_gradient_or_autocast_is_asked_for(monkeypatch):
    monkeypatch.setattr(convolution, "winograd_3x3", lambda *arguments: pytest.fail("taken"))
    x, weight = torch.zeros(1, 128, 48, 48), torch.zeros(128, 128, 3, 3)
    convolve(x, weight)
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        convolve(x, weight)
