import pytest
import torch

from core.maskformer.model import freeze_backbone_stages
from tests.core.maskformer.small_models import SMALL, small_model


@pytest.mark.parametrize(
    ("size", "masks", "points"),
    [
        ((333, 500), (84, 125), (42, 63)),
        ((64, 64), (16, 16), (8, 8)),
        ((1, 1), (1, 1), (1, 1)),
        ((3, 200), (1, 50), (1, 25)),
    ],
)
def test_output_shapes_are_the_contract_on_any_size(size, masks, points):
    output = small_model().eval()(torch.randn(2, 3, *size))
    assert output.class_logits.shape == (2, 12, 4)
    assert output.mask_logits.shape == (2, 12, *masks)
    assert output.mask_features.shape == (2, output.mask_embeddings.shape[2], *masks)
    assert output.point_logits.shape == (2, 1, *points)
    assert output.query_points.shape == (2, 12, 2)
    assert (output.query_points >= 0).all()
    assert (output.query_points <= 1).all()
    assert output.mask_logits.isfinite().all()
    assert output.auxiliary == ()


def test_training_gives_one_auxiliary_output_before_each_layer():
    output = small_model().train()(torch.randn(1, 3, 64, 64))
    assert len(output.auxiliary) == SMALL.decoder_layers
    for earlier in output.auxiliary:
        assert earlier.mask_features is output.mask_features
        assert earlier.auxiliary == ()
        assert earlier.point_logits is None
        assert not torch.equal(earlier.mask_embeddings, output.mask_embeddings)


def test_a_neighbour_in_the_batch_changes_nothing():
    model = small_model().eval()
    photo, other = torch.randn(2, 1, 3, 70, 90)
    with torch.inference_mode():
        alone = model(photo)
        beside = model(torch.cat((photo, other)))
    torch.testing.assert_close(beside.mask_logits[:1], alone.mask_logits, atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(beside.class_logits[:1], alone.class_logits, atol=1e-4, rtol=1e-3)


def test_a_full_padding_mask_is_no_padding_mask():
    model = small_model().eval()
    photo = torch.randn(1, 3, 70, 90)
    with torch.inference_mode():
        plain = model(photo)
        masked = model(photo, torch.ones(1, 70, 90, dtype=torch.bool))
    assert torch.equal(plain.mask_logits, masked.mask_logits)


def test_no_query_starts_or_looks_in_padding():
    model = small_model().eval()
    photo = torch.randn(1, 3, 96, 128)
    valid = torch.zeros(1, 96, 128, dtype=torch.bool)
    valid[:, :48, :64] = True
    seen = []
    for layer in model.transformer_decoder.layers:
        layer.register_forward_hook(lambda _module, inputs, _output: seen.append(inputs[4]))
    with torch.inference_mode():
        output = model(photo, valid)
    for allowed, (height, width) in zip(seen, [(3, 4), (6, 8), (12, 16)], strict=True):
        grid = allowed.reshape(1, 12, height, width)
        assert grid.flatten(2).any(2).all()
        assert not grid[:, :, -(-height // 2) :].any()
        assert not grid[:, :, :, width // 2 :].any()
    assert (output.query_points <= 1).all()


def test_padding_keeps_the_places_of_a_photo():
    model = small_model().eval()
    photo = torch.randn(1, 3, 64, 96)
    padded = torch.zeros(1, 3, 128, 128)
    padded[:, :, :64, :96] = photo
    valid = torch.zeros(1, 128, 128, dtype=torch.bool)
    valid[:, :64, :96] = True
    with torch.inference_mode():
        plain, wide = model(photo), model(padded, valid)
    assert torch.equal(plain.query_points[:, :4], wide.query_points[:, :4])
    torch.testing.assert_close(wide.mask_features[:, -5:, :16, :24], plain.mask_features[:, -5:])


@pytest.mark.parametrize("autocast", [False, True])
def test_a_gradient_reaches_every_trainable_parameter(autocast):
    model = small_model().train()
    freeze_backbone_stages(model, 3)
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        output = model(torch.randn(2, 3, 96, 96))
    layers = (output, *output.auxiliary)
    loss = sum(layer.mask_logits.square().mean() + layer.class_logits.square().mean() for layer in layers)
    (loss + output.point_logits.square().mean()).backward()
    for name, parameter in model.named_parameters():
        frozen = name.startswith(("backbone.stem", *(f"backbone.stages.{stage}." for stage in range(3))))
        assert parameter.requires_grad is not frozen, name
        assert (parameter.grad is None) is frozen, name
        assert frozen or parameter.grad.abs().sum() > 0, name


def test_freezing_no_stage_leaves_the_stem_trainable():
    model = small_model()
    freeze_backbone_stages(model, 0)
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_masks_start_as_small_discs_and_not_empty():
    output = small_model().eval()(torch.randn(1, 3, 128, 128))
    share = (output.mask_logits > 0).float().mean((2, 3))
    assert share.median() > 0.01
    assert share.median() < 0.6


def test_pooled_features_give_the_pooled_logits():
    output = small_model().eval()(torch.randn(1, 3, 64, 64))
    pooled = torch.nn.functional.avg_pool2d(output.mask_features, 2)
    product = torch.einsum("bqc,bchw->bqhw", output.mask_embeddings, pooled)
    torch.testing.assert_close(product, torch.nn.functional.avg_pool2d(output.mask_logits, 2), atol=1e-4, rtol=1e-4)
