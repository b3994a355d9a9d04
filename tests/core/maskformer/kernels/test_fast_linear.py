import pytest
import torch
import torch.nn.functional as F

from core.maskformer.kernels.linear import Linear, LinearGELU, takes_onednn

LAYERS = pytest.mark.parametrize(("layer", "after"), [(Linear, lambda x: x), (LinearGELU, F.gelu)])


@LAYERS
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(1, 12), (5, 12), (2, 3, 4, 12)])
@torch.inference_mode()
def test_equals_torch_in_inference(layer, after, bias, shape):
    torch.manual_seed(0)
    ours, x = layer(12, 20, bias=bias), torch.randn(*shape) * 3
    assert takes_onednn(x, ours.weight)
    torch.testing.assert_close(ours(x), after(F.linear(x, ours.weight, ours.bias)), atol=1e-5, rtol=1e-5)


@LAYERS
@torch.inference_mode()
def test_equals_torch_on_rows_that_do_not_lie_together(layer, after):
    ours, x = layer(12, 20), torch.randn(12, 9, 5).transpose(0, 1).transpose(1, 2)
    torch.testing.assert_close(ours(x), after(F.linear(x, ours.weight, ours.bias)), atol=1e-5, rtol=1e-5)


@LAYERS
def test_gradients_are_torchs(layer, after):
    ours, x = layer(12, 20), torch.randn(5, 12)
    ours(x).square().sum().backward()
    ours_gradient, ours.weight.grad = ours.weight.grad, None
    after(F.linear(x, ours.weight, ours.bias)).square().sum().backward()
    assert torch.equal(ours_gradient, ours.weight.grad)


@LAYERS
@torch.inference_mode()
def test_bfloat16_is_near_float32(layer, after):
    ours, x = layer(64, 20), torch.randn(5, 64)
    exact = ours(x)
    rough = ours.to(torch.bfloat16)(x.bfloat16())
    assert rough.dtype == torch.bfloat16
    assert (rough.float() - exact).abs().max() < 0.02


@LAYERS
def test_autocast_decides_the_type(layer, after):
    ours, x = layer(64, 20), torch.randn(5, 64)
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        assert ours(x).dtype == torch.bfloat16


def test_the_weights_of_the_day_are_used():
    ours, x = Linear(4, 3), torch.randn(2, 4)
    with torch.no_grad():
        ours(x)
        ours.weight.zero_()
        torch.testing.assert_close(ours(x), ours.bias.expand(2, 3))
