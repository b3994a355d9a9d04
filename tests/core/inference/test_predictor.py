import numpy as np
import pytest
import torch

from core.annotation.errors import ModelError
from core.annotation.proposals import proposed_name
from core.inference import postprocess
from core.inference import predictor as predictor_module
from core.inference.axis import Axis
from core.inference.mask_runs import upsampled_masks
from core.inference.predictor import Predictor
from tests.core.maskformer.small_models import small_model


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor(small_model(), precision="float32")


def photo(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_proposals_are_one_a_query_best_first_at_the_photos_size(predictor):
    image = photo(120, 200)
    proposals = predictor.propose(image)
    scores = [proposal.score for proposal in proposals]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert len({proposal.query for proposal in proposals}) == len(proposals) > 3
    logits = predictor.run_network(image).mask_logits[0]
    masks = upsampled_masks(logits, Axis.of(logits.shape[1], 120), Axis.of(logits.shape[2], 200))
    for proposal in proposals:
        assert proposal.mask.shape == (120, 200)
        assert proposal.mask.area > 0
        assert proposal.mask == masks[proposal.query]


def test_class_scores_are_the_models_categories_by_name_highest_first(predictor):
    image = photo(60, 60)
    chances = predictor.run_network(image).class_logits[0].softmax(-1)
    for proposal in predictor.propose(image):
        named = {item.name: item.score for item in proposal.class_scores}
        assert list(named.values()) == sorted(named.values(), reverse=True)
        assert named == pytest.approx(
            dict(zip(["cat", "grass", "region"], chances[proposal.query, :3].tolist(), strict=True))
        )
        assert proposal.class_scores[0].name == max(named, key=named.__getitem__)
        assert proposal.name == proposed_name(proposal.class_scores)


def test_limit_and_threshold_keep_the_first(predictor):
    image = photo(80, 100)
    proposals = predictor.propose(image)
    assert predictor.propose(image, limit=2) == proposals[:2]
    assert predictor.propose(image, limit=10**6) == proposals
    middle = proposals[len(proposals) // 2].score
    assert predictor.propose(image, threshold=middle) == [item for item in proposals if item.score >= middle]
    assert predictor.propose(image, threshold=1.0) == []


@pytest.mark.parametrize(
    "options",
    [
        {"limit": 2.5},
        {"limit": True},
        {"limit": "3"},
        {"threshold": 1.1},
        {"threshold": float("nan")},
        {"threshold": "x"},
    ],
)
def test_a_limit_or_threshold_that_cannot_be_is_refused(predictor, options):
    with pytest.raises(ModelError, match=str(*options.values())):
        predictor.propose(photo(20, 20), **options)


def test_what_is_no_model_is_refused():
    with pytest.raises(ModelError, match="load_model"):
        Predictor("maskwright-lite0")


def test_the_answer_is_the_same_each_time_and_for_a_view_of_the_array(predictor):
    image = photo(50, 70)
    mirrored = image[:, ::-1]
    assert predictor.propose(image) == predictor.propose(image.copy())
    assert predictor.propose(mirrored) == predictor.propose(np.ascontiguousarray(mirrored))


def test_a_read_only_array_is_read(predictor):
    image = photo(320, 320)
    image.setflags(write=False)
    assert predictor.propose(image, limit=1)


def test_an_empty_mask_is_no_proposal():
    model = small_model()
    with torch.no_grad():
        model.head.masks.prior.shape.bias[0] = -200.0
        for parameter in model.head.masks.mlp.parameters():
            parameter.zero_()
    assert Predictor(model).propose(photo(64, 64)) == []


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (2500, 2), (3, 3)])
def test_the_smallest_and_the_longest_photos_have_masks_of_their_size(predictor, size):
    for proposal in predictor.propose(photo(*size)):
        assert proposal.mask.shape == size


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4), dtype=np.uint8),
        np.zeros((4, 4, 4), dtype=np.uint8),
        np.zeros((4, 4, 3), dtype=np.float32),
        np.full((4, 4, 3), np.nan),
        np.zeros((0, 4, 3), dtype=np.uint8),
        [[1, 2, 3]],
        None,
    ],
)
def test_what_is_no_photo_is_refused(predictor, image):
    with pytest.raises(ModelError, match="a photo"):
        predictor.propose(image)


@pytest.mark.parametrize("limit", [0, -1])
def test_a_senseless_limit_is_refused(predictor, limit):
    with pytest.raises(ModelError, match=f"limit .*{limit}"):
        predictor.propose(photo(8, 8), limit=limit)


def test_an_unknown_precision_is_refused():
    with pytest.raises(ModelError, match="float8"):
        Predictor(small_model(), precision="float8")


def test_bfloat16_proposes_nearly_the_same(predictor):
    image = photo(96, 96)
    exact = predictor.run_network(image)
    rough = Predictor(small_model(), precision="bfloat16").run_network(image)
    assert ((exact.mask_logits > 0) == (rough.mask_logits > 0)).float().mean() > 0.8
    assert not torch.equal(exact.mask_logits, rough.mask_logits)


@pytest.mark.parametrize(("agree", "chosen"), [(True, "bfloat16"), (False, "float32")])
def test_auto_keeps_what_the_first_photo_with_masks_says(monkeypatch, agree, chosen):
    answers = iter([None, agree])
    monkeypatch.setattr(predictor_module, "has_bfloat16", lambda device: True)
    monkeypatch.setattr(predictor_module, "proposals_agree", lambda exact, rough: next(answers))
    auto, fixed = Predictor(small_model()), Predictor(small_model(), precision=chosen)
    exact = Predictor(small_model(), precision="float32")
    assert auto.propose(photo(70, 70)) == exact.propose(photo(70, 70))
    assert auto.precision is None
    for size in ((60, 80), (60, 80), (90, 50)):
        assert auto.propose(photo(*size)) == fixed.propose(photo(*size))
        assert auto.precision == chosen


def test_auto_is_float32_on_a_processor_without_bfloat16(monkeypatch):
    monkeypatch.setattr(predictor_module, "has_bfloat16", lambda device: False)
    assert Predictor(small_model()).precision == "float32"


def test_limited_proposals_compute_only_the_masks_they_need(predictor, monkeypatch):
    output = predictor.run_network(photo(120, 200))
    asked = []
    of = type(output.masks).of
    monkeypatch.setattr(type(output.masks), "of", lambda *given: asked.append(len(given[2])) or of(*given))
    best = predictor.build_proposals(output, (120, 200), limit=1)
    assert best == predictor.build_proposals(output, (120, 200))[:1]
    assert asked[0] < asked[-1] == output.class_logits.shape[1]


@pytest.mark.parametrize("threshold", [0.0, 0.5, 0.95])
@pytest.mark.parametrize("limit", [1, 3, 11])
def test_any_limit_and_threshold_keep_the_first(predictor, limit, threshold):
    image = photo(90, 130)
    everything = [item for item in predictor.propose(image) if item.score >= threshold]
    assert predictor.propose(image, limit=limit, threshold=threshold) == everything[:limit]


def test_views_are_those_of_the_networks_output(predictor):
    image = photo(90, 130)
    output, labels = predictor.run_network(image), predictor.model.label_set
    expected = (view(output, [(90, 130)], labels)[0] for view in (postprocess.semantic, postprocess.panoptic))
    semantic, (ids, segments) = expected
    assert np.array_equal(predictor.semantic(image), semantic)
    assert np.array_equal(predictor.panoptic(image)[0], ids)
    assert predictor.panoptic(image)[1] == segments
    assert predictor.instance(image) == postprocess.instance(output, [(90, 130)], labels)[0]
    assert (predictor.semantic(image, threshold=99.0) == -1).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (250, 2)])
def test_views_of_the_smallest_photos_have_their_size(predictor, size):
    assert predictor.semantic(photo(*size)).shape == size
    assert predictor.panoptic(photo(*size)).ids.shape == size
    assert all(item.mask.shape == size for item in predictor.instance(photo(*size)))


def test_a_broken_models_numbers_are_refused():
    model = small_model()
    torch.nn.init.constant_(model.head.classes.bias, float("nan"))
    with pytest.raises(ModelError, match="not finite"):
        Predictor(model).propose(photo(8, 8))


def test_proposals_come_without_a_graph(predictor):
    assert not predictor.run_network(photo(40, 40)).mask_logits.requires_grad


@pytest.mark.parametrize(("precision", "least_cosine"), [("float32", 0.999), ("bfloat16", 0.8)])
def test_one_look_gives_the_proposals_and_what_is_seen(monkeypatch, precision, least_cosine):
    asked = Predictor(small_model(), precision=precision)
    image = photo(60, 80)
    expected, exact = asked.propose(image), asked.see(image)
    looks = []
    backbone = asked.model.backbone.forward
    monkeypatch.setattr(asked.model.backbone, "forward", lambda *given: looks.append(1) or backbone(*given))
    proposals, seen = asked.propose_and_see(image)
    assert proposals == expected
    assert len(looks) == 1
    assert seen is not None
    cosines = (seen.embeddings.astype(np.float32) * exact.embeddings.astype(np.float32)).sum(0)
    assert cosines.mean() > least_cosine


def test_the_photo_by_which_the_precision_is_chosen_is_looked_at_again(monkeypatch):
    monkeypatch.setattr(predictor_module, "has_bfloat16", lambda device: True)
    asked = Predictor(small_model())
    assert asked.propose_and_see(photo(60, 80))[1] is None
