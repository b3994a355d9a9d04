import pickle

import numpy as np
import pytest
import torch
from torch import nn

from core.annotation.errors import ModelError
from core.maskformer.checkpoints.detectron2 import read_detectron2
from tests.core.maskformer.checkpoints.agreement import built, difference
from tests.core.maskformer.checkpoints.public_models import BACKBONES, detectron2_arrays, published, saved_pickle

SIZES = [(64, 96), (65, 97), (33, 130)]


@pytest.fixture(scope="module")
def arrays():
    return detectron2_arrays(published())


@pytest.mark.parametrize("newer", [False, True])
@pytest.mark.parametrize("backbone", BACKBONES)
def test_a_detectron2_file_gives_the_same_logits(backbone, newer, tmp_path):
    theirs = published(backbone)
    path = saved_pickle(tmp_path / "model.pkl", detectron2_arrays(theirs, newer=newer))
    ours = built(read_detectron2(path))
    assert max(difference(ours, theirs, size=size) for size in SIZES) < 1e-4


@pytest.mark.parametrize("protocol", range(6))
def test_each_protocol_is_read(arrays, protocol, tmp_path):
    expected = read_detectron2(saved_pickle(tmp_path / "4.pkl", arrays))
    found = read_detectron2(saved_pickle(tmp_path / "model.pkl", arrays, protocol=protocol))
    assert all(bool((found.tensors[name] == expected.tensors[name]).all()) for name in expected.tensors)


def test_a_transformer_encoder_in_the_pixel_decoder_is_read(tmp_path):
    """Its weights come from PyTorch's own layers, which are those of the reference."""
    torch.manual_seed(0)
    arrays = detectron2_arrays(published())
    pixels = "sem_seg_head.pixel_decoder"
    layers = nn.ModuleList(nn.TransformerEncoderLayer(32, 8, 40, batch_first=True) for _ in range(3)).eval()
    added = {
        f"{pixels}.transformer.encoder.layers.{name}": value.numpy() for name, value in layers.state_dict().items()
    }
    project = nn.Conv2d(arrays[f"{pixels}.layer_4.weight"].shape[1], 32, 1)
    added |= {f"{pixels}.input_proj.{name}": value.numpy() for name, value in project.state_dict().items()}
    added[f"{pixels}.layer_4.weight"] = arrays[f"{pixels}.layer_4.weight"][:, :32]
    added["sem_seg_head.predictor.input_proj.weight"] = arrays["sem_seg_head.predictor.input_proj.weight"][:, :32]
    model = built(read_detectron2(saved_pickle(tmp_path / "model.pkl", arrays | added)))
    encoder = model.pixel_decoder.encoder
    assert (
        model.pixel_decoder.project.weight.numpy(force=True).tobytes() == added[f"{pixels}.input_proj.weight"].tobytes()
    )
    content, positions = torch.randn(2, 9, 32), torch.zeros(1, 9, 32)
    for ours, theirs in zip(encoder.layers, layers, strict=True):
        torch.testing.assert_close(ours(content, positions), theirs(content), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("count", "first", "things"), [(133, "person", 80), (150, "wall", 100), (19, "road", 8), (5, "category 0", 5)]
)
def test_categories_come_from_their_number(arrays, count, first, things, tmp_path):
    head = {
        "sem_seg_head.predictor.class_embed.weight": np.zeros((count + 1, 64), np.float32),
        "sem_seg_head.predictor.class_embed.bias": np.zeros(count + 1, np.float32),
    }
    label_set = read_detectron2(saved_pickle(tmp_path / "model.pkl", arrays | head)).label_set
    assert (len(label_set), next(iter(label_set)).name, sum(c.is_thing for c in label_set)) == (count, first, things)


def test_photos_are_normalised_as_imagenets(arrays, tmp_path):
    preprocessing = read_detectron2(saved_pickle(tmp_path / "model.pkl", arrays)).preprocessing
    assert preprocessing.mean == pytest.approx((123.675, 116.28, 103.53))
    assert preprocessing.std == pytest.approx((58.395, 57.12, 57.375))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("sem_seg_head.predictor.query_embed.weight", None, "query_embed"),
        ("sem_seg_head.predictor.class_embed.weight", None, "class_embed"),
        ("sem_seg_head.predictor.class_embed.weight", np.zeros((0, 64), np.float32), "categories"),
        ("sem_seg_head.predictor.class_embed.bias", np.zeros(3, np.float32), "class_embed.bias .* instead of"),
        ("sem_seg_head.predictor.query_embed.weight", np.zeros(3, np.float32), "query_embed"),
        ("backbone.patch_embed.proj.weight", None, "Swin"),
        (
            "backbone.layers.1.blocks.1.mlp.fc1.weight",
            None,
            r"1 missing: backbone\.layers\.1\.blocks\.1\.mlp\.fc1\.weight",
        ),
        ("backbone.layers.0.blocks.0.attn.relative_position_bias_table", np.zeros((50, 1), np.float32), "instead of"),
        ("sem_seg_head.predictor.static_query.weight", np.zeros(3, np.float32), "1 unknown: sem_seg_head"),
        ("backbone.norm0.weight", np.full(24, np.nan, np.float32), "not finite"),
        ("backbone.norm0.weight", np.ones(24, np.int64), "floating-point"),
        ("backbone.norm0.weight", "text", "no array"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_name(arrays, name, value, said, tmp_path):
    changed = {key: array for key, array in arrays.items() if key != name} | ({} if value is None else {name: value})
    path = saved_pickle(tmp_path / "model.pkl", changed)
    with pytest.raises(ModelError, match=said) as caught:
        read_detectron2(path)
    assert str(path) in str(caught.value)


def test_a_resnet_with_a_deep_stem_is_refused(tmp_path):
    deep = {"backbone.stem.conv2.weight": np.zeros((16, 16, 3, 3), np.float32)}
    with pytest.raises(ModelError, match="R101c"):
        read_detectron2(saved_pickle(tmp_path / "model.pkl", detectron2_arrays(published("resnet")) | deep))


def test_a_file_without_a_model_is_refused(tmp_path):
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps([1, 2]))
    with pytest.raises(ModelError, match="detectron2"):
        read_detectron2(path)
