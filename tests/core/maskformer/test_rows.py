import dataclasses
import math

import pytest
import torch

from core.annotation.errors import ModelError
from core.annotation.labels import LabelSet
from core.maskformer.build import build_model
from core.maskformer.checkpoint import load_model, save_model
from core.maskformer.config import ModelConfig, PerPixelConfig, PerPixelPlusConfig
from core.maskformer.convert import with_label_set, with_queries
from core.training.criterion import Criterion, LossConfig
from core.training.labels import LabelCodes
from tests.core.maskformer.small_models import SMALL, SMALL_FPN, SMALL_PAPER, SMALL_PLAIN, labels, small_model
from tests.core.training.made_sets import made_target

PER_PIXEL = ModelConfig(pixel_decoder=SMALL_FPN, head=PerPixelConfig(), mask_classifier=True)
PER_PIXEL_PLUS = ModelConfig(pixel_decoder=SMALL_FPN, head=PerPixelPlusConfig(SMALL_PLAIN))
MASKS = {
    "masked": SMALL,
    "plain": SMALL_PAPER,
    "masked, naming masks": dataclasses.replace(SMALL, mask_classifier=True),
}
# Of "cat", "grass", "region": two kept in another order, two new ones.
OTHERS = labels("region", "boat", "cat", "sky")


def photos():
    return torch.randn(2, 3, 70, 90, generator=torch.Generator().manual_seed(5))


def logits(model):
    with torch.inference_mode():
        return model.eval()(photos())


def trained(config):
    """A model whose rows all differ from each other and from zero, biases too."""
    model = small_model(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape))
    return model


@pytest.mark.parametrize("config", MASKS.values(), ids=MASKS)
def test_kept_categories_and_no_object_keep_their_logits(config):
    model = trained(config)
    changed, rows = with_label_set(model, OTHERS)
    assert (rows.kept, rows.new, rows.dropped) == (("region", "cat"), ("boat", "sky"), ("grass",))
    assert str(rows) == "2 categories kept; new boat, sky; dropped grass"
    before, after = logits(model), logits(changed)
    assert changed.label_set == OTHERS
    # A product with more columns may add in another order.
    kept = after.class_logits[..., [0, 2, 4]], before.class_logits[..., [2, 0, 3]]
    torch.testing.assert_close(*kept, atol=1e-5, rtol=1e-5)
    assert torch.equal(after.mask_logits, before.mask_logits)


@pytest.mark.parametrize("config", [MASKS["masked, naming masks"], PER_PIXEL], ids=["mask classification", "per pixel"])
def test_the_mask_classifier_keeps_its_logits_too(config):
    model = trained(config)
    changed, _ = with_label_set(model, OTHERS)
    levels = [torch.randn(1, 32, side, side) for side in (2, 4, 8)]
    masks = [(torch.rand(5, 16, 16) > 0.5).float()]
    before, after = (one.mask_classifier(levels, masks) for one in (model, changed))
    torch.testing.assert_close(after[:, [0, 2]], before[:, [2, 0]], atol=1e-5, rtol=1e-5)


def test_per_pixel_logits_of_kept_categories_keep_their_differences():
    model = trained(PER_PIXEL)
    before, after = logits(model).mask_logits, logits(with_label_set(model, OTHERS)[0]).mask_logits
    torch.testing.assert_close(after[:, 0] - after[:, 2], before[:, 2] - before[:, 0], atol=1e-4, rtol=0)


def test_queries_that_are_categories_follow_their_names():
    model = trained(PER_PIXEL_PLUS)
    renamed, rows = with_label_set(model, labels("region", "grass", "cat"))
    assert rows.new == rows.dropped == ()
    before, after = logits(model).mask_logits, logits(renamed).mask_logits
    torch.testing.assert_close(after, before.flip(1), atol=1e-4, rtol=0)
    positions = with_label_set(model, OTHERS)[0].head.query_source.positions
    assert torch.equal(positions[2], model.head.query_source.positions[0])
    assert not torch.allclose(positions[1], positions[3])


def test_new_categories_say_nothing_of_a_query_and_share_one_weight():
    model = trained(SMALL)
    after = logits(with_label_set(model, OTHERS)[0]).class_logits
    expected = model.head.classes.bias[:3].mean()
    assert torch.allclose(after[..., [1, 3]].exp().sum(-1).log(), expected)


def test_new_categories_inherit_the_share_of_the_dropped_ones():
    model = trained(SMALL)
    alone, _ = with_label_set(model, labels("boat"))
    expected = model.head.classes.bias[:3].mean() + math.log(3)
    assert torch.allclose(logits(alone).class_logits[..., 0], expected)


def test_new_categories_learn_to_differ():
    torch.manual_seed(0)
    model, _ = with_label_set(small_model(SMALL_PAPER), labels("left", "right"))
    square = torch.zeros(16, 16, dtype=torch.bool)
    square[:, :8] = True
    target = made_target(torch.stack((square, ~square)).numpy(), [0, 1], complete=True)
    photo = torch.where(square.repeat_interleave(4, 0).repeat_interleave(4, 1), 1.0, -1.0).expand(1, 3, 64, 64)
    criterion = Criterion(LossConfig(), LabelCodes(model.label_set).table)
    criterion(model.train()(photo), (target,)).total.backward()
    gradient = model.head.classes.weight.grad
    assert not torch.allclose(gradient[0], gradient[1])


def test_the_first_model_stays_as_it_is_and_what_is_not_weights_is_kept(tmp_path):
    model = trained(SMALL).to(torch.bfloat16).eval()
    model.backbone.requires_grad_(False)
    model.preprocessing = dataclasses.replace(model.preprocessing, long_side_px=64)
    model.weights_sha256 = "0" * 64
    before = {name: value.clone() for name, value in model.state_dict().items()}
    for changed in (with_label_set(model, OTHERS)[0], with_queries(model, 20)[0]):
        assert changed.preprocessing == model.preprocessing
        assert changed.weights_sha256 is None
        assert not changed.training
        assert {value.dtype for value in changed.state_dict().values()} == {torch.bfloat16}
        assert not any(value.requires_grad for value in changed.backbone.parameters())
        assert all(value.requires_grad for value in changed.head.parameters())
        save_model(changed, tmp_path)
        assert load_model(tmp_path).config == changed.config
        with torch.no_grad():
            for parameter in changed.parameters():
                parameter.add_(1)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("config", [SMALL, SMALL_PAPER], ids=["points", "learned"])
@pytest.mark.parametrize("count", [5, 12, 30])
def test_another_number_of_queries_keeps_the_first(config, count):
    model = trained(config)
    changed, rows = with_queries(model, count)
    assert (rows.kept, rows.new, rows.dropped) == (min(count, 12), max(count - 12, 0), max(12 - count, 0))
    assert changed.config.head.queries.queries == count
    assert logits(changed).mask_logits.shape == (2, count, 18, 23)
    name = "slots" if config is SMALL else "positions"
    before, after = (getattr(one.head.query_source, name) for one in (model, changed))
    assert torch.equal(after[: rows.kept], before[: rows.kept])
    for name, value in model.state_dict().items():
        if not name.startswith("head.query_source."):
            assert torch.equal(changed.state_dict()[name], value), name


def test_as_many_queries_answer_as_before():
    model = trained(SMALL)
    before, after = logits(model), logits(with_queries(model, 12)[0])
    assert torch.equal(after.mask_logits, before.mask_logits)
    assert torch.equal(after.class_logits, before.class_logits)


def test_new_queries_at_points_look_at_the_next_peaks():
    model = trained(SMALL)
    before, after = logits(model).query_points, logits(with_queries(model, 20)[0]).query_points
    assert torch.equal(after[:, :12], before)
    assert len(torch.unique(after[0], dim=0)) == 20


def test_new_learned_queries_are_drawn_like_the_learned_ones():
    model = trained(SMALL_PAPER)
    with torch.no_grad():
        model.head.query_source.positions.mul_(3).add_(2)
    new = with_queries(model, 2000)[0].head.query_source.positions[12:]
    old = model.head.query_source.positions
    torch.testing.assert_close(new.mean(0), old.mean(0), atol=0.5, rtol=0)
    torch.testing.assert_close(new.std(0), old.std(0, correction=0), atol=0.4, rtol=0)


def test_what_cannot_be_is_refused():
    with pytest.raises(ModelError, match="at least one category"):
        with_label_set(small_model(), LabelSet(()))
    with pytest.raises(ModelError, match="at least two, got 1"):
        with_label_set(small_model(PER_PIXEL), labels("cat"))
    with pytest.raises(ModelError, match="one mask for each category; convert it"):
        with_queries(small_model(PER_PIXEL), 5)
    with pytest.raises(ModelError, match="needs at least 4 queries, got 3"):
        with_queries(small_model(), 3)
    with pytest.raises(ModelError, match="from 1 to 16384, got 0"):
        with_queries(small_model(SMALL_PAPER), 0)


def test_a_model_of_another_layout_takes_new_categories(tmp_path):
    """transformers' own model, its rows compared with what transformers computes."""
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    backbone = transformers.ResNetConfig(
        embedding_size=16,
        hidden_sizes=[32, 32, 64, 64],
        depths=[1, 1, 1, 1],
        layer_type="bottleneck",
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )
    decoder = transformers.DetrConfig(
        d_model=32,
        decoder_layers=2,
        decoder_attention_heads=4,
        decoder_ffn_dim=32,
        num_queries=6,
        num_channels=3,
        use_timm_backbone=False,
        backbone=None,
        use_pretrained_backbone=False,
        backbone_config=backbone,
    )
    config = transformers.MaskFormerConfig(
        fpn_feature_size=32,
        mask_feature_size=32,
        backbone_config=backbone,
        decoder_config=decoder,
        id2label={0: "cat", 1: "grass", 2: "dog"},
    )
    theirs = transformers.MaskFormerForInstanceSegmentation(config).eval()
    theirs.save_pretrained(tmp_path)
    changed, rows = with_label_set(load_model(tmp_path), labels("dog", "boat", "cat"))
    assert rows.new == ("boat",)
    with torch.inference_mode():
        expected = theirs(photos()).class_queries_logits
        found = changed(photos()).class_logits
    torch.testing.assert_close(found[..., [0, 2, 3]], expected[..., [2, 0, 3]], atol=1e-4, rtol=0)


def test_a_single_new_category_replaces_all():
    torch.manual_seed(0)
    model = build_model(SMALL, labels("cat"))
    changed, rows = with_label_set(model, labels("nucleus"))
    assert rows.kept == ()
    assert logits(changed).class_logits.shape == (2, 12, 2)
