import pytest
import torch

from core.annotation.errors import ModelError
from core.maskformer.config import FPNConfig, LearnedQueriesConfig, MaskClassificationConfig, ModelConfig
from core.maskformer.model import freeze_backbone_stages
from core.maskformer.output import MaskFormerOutput, mask_product
from tests.core.maskformer.small_models import SMALL, SMALL_MASKED, SMALL_PAPER, SMALL_PLAIN, small_model

# More mask channels than queries: folding pays.
WIDE_MASKS = ModelConfig(
    pixel_decoder=FPNConfig(width=32, mask_dim=24), head=MaskClassificationConfig(LearnedQueriesConfig(12), SMALL_PLAIN)
)


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
    assert output.point_logits.shape == (2, 1, *points)
    assert output.query_points.shape == (2, 12, 2)
    assert (output.query_points >= 0).all()
    assert (output.query_points <= 1).all()
    assert output.mask_logits.isfinite().all()
    assert output.auxiliary == []


def test_training_gives_one_auxiliary_output_before_each_layer():
    output = small_model().train()(torch.randn(1, 3, 64, 64))
    assert len(output.auxiliary) == SMALL_MASKED.layers
    for earlier in output.auxiliary:
        assert earlier.masks.features is output.masks.features
        assert earlier.auxiliary == []
        assert earlier.point_logits is None
        assert not torch.equal(earlier.mask_logits, output.mask_logits)


def test_the_papers_model_has_one_auxiliary_output_for_each_layer_but_the_last():
    model = small_model(SMALL_PAPER).train()
    output = model(torch.randn(1, 3, 64, 64))
    assert len(output.auxiliary) == SMALL_PLAIN.layers - 1
    assert output.query_points is None
    assert all(layer.class_logits.shape == (1, 12, 4) for layer in output.auxiliary)
    # The content starts at zero: that state is no layer's answer and teaches nothing.
    answers = [layer.class_logits for layer in (*output.auxiliary, output)]
    assert all(answer.std(dim=1).max() > 0 for answer in answers)
    assert model.eval()(torch.randn(1, 3, 64, 64)).auxiliary == []


@pytest.mark.parametrize("config", [SMALL, SMALL_PAPER])
@pytest.mark.parametrize(
    ("pixels", "padding", "said"),
    [
        (torch.zeros(3, 64, 64), None, "float32.*3, 64, 64"),
        (torch.zeros(1, 4, 64, 64), None, "4, 64, 64"),
        (torch.zeros(1, 3, 0, 64), None, "0, 64"),
        (torch.zeros(1, 3, 8, 8, dtype=torch.uint8), None, "uint8"),
        (torch.full((1, 3, 8, 8), float("nan")), None, "NaN"),
        (torch.zeros(1, 3, 8, 8), torch.ones(1, 8, 9, dtype=torch.bool), "1, 8, 9"),
        (torch.zeros(1, 3, 8, 8), torch.ones(1, 8, 8), "float32"),
    ],
)
def test_bad_input_is_refused_with_what_was_found(config, pixels, padding, said):
    with pytest.raises(ModelError, match=said):
        small_model(config).eval()(pixels, padding)


def test_an_output_of_raw_tensors_checks_their_shapes():
    output = MaskFormerOutput(class_logits=torch.zeros(2, 5, 4), mask_logits=torch.ones(2, 5, 7, 9))
    assert output.mask_logits.shape == (2, 5, 7, 9)
    with pytest.raises(ModelError, match=r"\[2, 5, 4\] and \[2, 6, 7, 9\]"):
        MaskFormerOutput(torch.zeros(2, 5, 4), torch.ones(2, 6, 7, 9))


def test_the_folded_masks_are_the_same_masks():
    folded = small_model(WIDE_MASKS).eval()
    pixels = torch.randn(2, 3, 70, 90)
    with torch.inference_mode():
        output = folded(pixels)
        few = output.masks.of(1, torch.tensor([3, 0]))
        lazy = output.mask_logits
        assert "full" not in vars(output.masks.features)
        plain = mask_product(output.masks.embeddings, output.masks.features.full)
    torch.testing.assert_close(lazy, plain, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(few, plain[1, [3, 0]], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(output.masks.of(1, torch.tensor([3, 0])), plain[1, [3, 0]], atol=1e-4, rtol=1e-4)


def test_padding_changes_no_bit_of_a_photos_neighbour_and_is_never_looked_at():
    model = small_model(SMALL_PAPER).eval()
    pixels = torch.randn(2, 3, 96, 128)
    valid = torch.ones(2, 96, 128, dtype=torch.bool)
    valid[1, 64:], valid[1, :, 96:] = False, False
    other = pixels.clone()
    other[1] = torch.randn(3, 96, 128)
    with torch.inference_mode():
        first, second = model(pixels, valid), model(other, valid)
    assert torch.equal(first.class_logits[0], second.class_logits[0])
    assert torch.equal(first.mask_logits[0], second.mask_logits[0])


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
    for layer in model.head.transformer_decoder.layers:
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
    torch.testing.assert_close(wide.masks.features.beside[..., :16, :24], plain.masks.features.beside)


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
    torch.testing.assert_close(
        output.masks.pooled(2), torch.nn.functional.avg_pool2d(output.mask_logits, 2), atol=1e-4, rtol=1e-4
    )


def test_masks_asked_for_without_a_gradient_keep_it_for_the_next_who_asks():
    output = small_model(SMALL_PAPER).train()(torch.randn(1, 3, 64, 64))
    with torch.no_grad():
        first = output.mask_logits
    assert not first.requires_grad
    assert output.mask_logits.requires_grad
    torch.testing.assert_close(output.mask_logits.detach(), first)


def test_masks_asked_for_later_are_those_of_the_weights_that_answered():
    model = small_model(WIDE_MASKS).eval()
    pixels = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        expected = model(pixels).mask_logits
        output = model(pixels)
        for parameter in model.parameters():
            parameter.mul_(1.5)
        few = output.masks.of(0, torch.tensor([2]))
        torch.testing.assert_close(few, expected[0, 2:3], atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(output.mask_logits, expected, atol=1e-4, rtol=1e-4)


def test_more_stages_than_there_are_or_no_number_cannot_be_frozen():
    for count in (8, -1, 1.5, "1"):
        with pytest.raises(ModelError, match=str(count)):
            freeze_backbone_stages(small_model(), count)
