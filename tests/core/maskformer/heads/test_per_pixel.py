import dataclasses

import pytest
import torch
import torch.nn.functional as F

from core.annotation.errors import ModelError
from core.maskformer.heads.masks import MaskHead
from core.maskformer.heads.per_pixel import PerPixelHead, PerPixelPlusHead, per_pixel_output
from core.maskformer.pixel_decoders.features import LEVEL_STRIDES
from core.maskformer.query_sources.learned import LearnedQueries
from core.maskformer.transformer_decoders.layers import DecoderLayer
from core.maskformer.transformer_decoders.masked import MaskedTransformerDecoder
from core.maskformer.transformer_decoders.plain import PlainTransformerDecoder
from tests.core.maskformer.heads.made_pixels import MASK_DIM, MEMORY_CHANNELS, WIDTH, made_pixels
from tests.core.maskformer.pixel_decoders.made_features import made_area


@pytest.mark.parametrize("categories", [2, 5, 30])
def test_the_heads_softmax_is_that_of_a_convolution_of_the_mask_features(categories):
    pixels = made_pixels(70, 90)
    head = PerPixelHead(mask_dim=MASK_DIM, categories=categories).eval()
    torch.nn.init.normal_(head.classify.bias)
    with torch.no_grad():
        output = head(pixels, made_area([(70, 90)] * 2))
        mask = pixels.mask_features
        expected = head.classify(F.conv2d(mask.inputs, mask.filters, mask.shifts, padding=1))
    assert output.mask_logits.shape == (2, categories, 18, 23)
    torch.testing.assert_close(output.mask_logits.softmax(1), expected.softmax(1), atol=1e-5, rtol=1e-4)


def test_query_k_is_certain_of_category_k():
    output = per_pixel_output(torch.randn(2, 4, 3, 5))
    assert output.class_logits.shape == (2, 4, 5)
    assert output.class_logits.isfinite().all()
    torch.testing.assert_close(output.class_logits.softmax(-1), torch.eye(4, 5).expand(2, -1, -1), atol=1e-40, rtol=0)
    assert (output.boxes, output.auxiliary) == (None, [])


@pytest.mark.parametrize("shift", [0.0, 80.0, -80.0])
def test_the_masks_are_the_winners_regions_whatever_the_logits_level(shift):
    logits = torch.randn(2, 4, 6, 7) * 5 + shift
    output = per_pixel_output(logits)
    winners = F.one_hot(logits.argmax(1), 4).permute(0, 3, 1, 2).bool()
    assert torch.equal(output.mask_logits > 0, winners)
    # Neither sigmoids nor the class probabilities may make the view by mask classification another one.
    merged = torch.einsum("bqk,bqhw->bkhw", output.class_logits.softmax(-1)[..., :-1], output.mask_logits.sigmoid())
    assert torch.equal(merged.argmax(1), logits.argmax(1))


def test_cross_entropy_learns_from_the_output_as_from_the_logits():
    logits = torch.randn(2, 4, 6, 7, requires_grad=True)
    truth = torch.randint(4, (2, 6, 7))
    plain = F.cross_entropy(logits, truth)
    ours = F.cross_entropy(per_pixel_output(logits).mask_logits, truth)
    torch.testing.assert_close(ours, plain)
    torch.testing.assert_close(*(torch.autograd.grad(loss, logits)[0] for loss in (ours, plain)))


def plus_head(decoder: str, *, categories: int = 5) -> PerPixelPlusHead:
    torch.manual_seed(0)
    layers = [DecoderLayer(width=8, heads=2, feedforward=16, dropout=0.0) for _ in range(3)]
    made = {
        "plain": lambda: PlainTransformerDecoder(layers=layers, memory_channels=MEMORY_CHANNELS, width=8),
        "masked": lambda: MaskedTransformerDecoder(layers=layers, level_channels=WIDTH, width=8),
    }[decoder]()
    queries = LearnedQueries(width=8, queries=categories)
    torch.nn.init.normal_(queries.positions)
    masks = MaskHead(width=8, mask_dim=MASK_DIM)
    # Torch's own first weights make all queries nearly alike.
    for parameter in (*made.parameters(), *masks.parameters()):
        torch.nn.init.normal_(parameter, std=0.5)
    return PerPixelPlusHead(query_source=queries, transformer_decoder=made, masks=masks, categories=categories)


@pytest.mark.parametrize(("decoder", "earlier"), [("plain", 2), ("masked", 3)])
def test_the_plus_heads_queries_answer_one_category_each_in_every_layer(decoder, earlier):
    head, area = plus_head(decoder), made_area([(70, 90), (40, 50)])
    output = head.train()(made_pixels(70, 90), area)
    assert len(output.auxiliary) == earlier
    for layer in (output, *output.auxiliary):
        assert layer.mask_logits.shape == (2, 5, 18, 23)
        assert torch.equal(layer.class_logits.argmax(-1), torch.arange(5).expand(2, -1))
    assert not torch.equal(output.auxiliary[-1].mask_logits, output.mask_logits)
    assert head.eval()(made_pixels(70, 90), area).auxiliary == []


@torch.no_grad()
@pytest.mark.parametrize("decoder", ["plain", "masked"])
def test_no_query_of_the_plus_head_looks_at_padding(decoder):
    head, area = plus_head(decoder).eval(), made_area([(40, 50)], padded=(128, 128))
    pixels, other = made_pixels(128, 128, batch=1), made_pixels(128, 128, batch=1, seed=1)

    def outside_from_other(stride, ours, theirs):
        return torch.where(area.cells(stride)[:, None], ours, theirs)

    changed = dataclasses.replace(
        pixels,
        levels=tuple(map(outside_from_other, LEVEL_STRIDES, pixels.levels, other.levels)),
        memory=outside_from_other(32, pixels.memory, other.memory),
    )
    ours, theirs = (head(part, area).mask_logits for part in (pixels, changed))
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)
    assert not torch.allclose(ours, head(changed, made_area([(128, 128)])).mask_logits, atol=1e-3)


@pytest.mark.parametrize(
    "make", [lambda: PerPixelHead(mask_dim=4, categories=1), lambda: plus_head("plain", categories=1)]
)
def test_a_single_category_cannot_be_told_apart(make):
    with pytest.raises(ModelError, match="at least two, got 1; add one"):
        make()


@torch.inference_mode()
@pytest.mark.parametrize("way", ["autocast", "weights"])
@pytest.mark.parametrize("kind", ["baseline", "plus"])
def test_bfloat16_gives_float32_answers(kind, way):
    head = PerPixelHead(mask_dim=MASK_DIM, categories=5) if kind == "baseline" else plus_head("plain")
    pixels, area = made_pixels(70, 90), made_area([(70, 90)] * 2)
    exact = head.eval()(pixels, area).mask_logits
    if way == "weights":
        head.to(torch.bfloat16)
        pixels = dataclasses.replace(pixels, memory=pixels.memory.to(torch.bfloat16))
    with torch.autocast("cpu", torch.bfloat16, enabled=way == "autocast"):
        rough = head(pixels, area)
    assert rough.mask_logits.dtype == rough.class_logits.dtype == torch.float32
    assert (rough.mask_logits - exact).square().mean() < 0.03**2 * exact.square().mean()
