import json

import pytest
import safetensors.torch
import torch
from transformers import MaskFormerImageProcessorPil

from core.annotation.errors import ModelError
from core.maskformer.checkpoints.huggingface import read_huggingface
from tests.core.maskformer.checkpoints.agreement import built, difference
from tests.core.maskformer.checkpoints.public_models import BACKBONES, published, saved

SIZES = [(64, 96), (65, 97), (33, 130), (128, 61)]


@pytest.fixture(scope="module")
def theirs():
    return published()


@pytest.fixture
def folder(theirs, tmp_path):
    return saved(tmp_path / "model", theirs)


def edit(folder, **changes):
    path = folder / "config.json"
    values = json.loads(path.read_text())
    for name, value in changes.items():
        section, _, key = name.rpartition("__")
        (values[section] if section else values)[key] = value
    path.write_text(json.dumps(values))


def edit_tensors(folder, change):
    path = folder / "model.safetensors"
    tensors = safetensors.torch.load_file(path)
    change(tensors)
    safetensors.torch.save_file(tensors, path, {"format": "pt"})


@pytest.mark.parametrize("backbone", BACKBONES)
def test_a_published_folder_gives_the_same_logits(backbone, tmp_path):
    theirs = published(backbone, heads=4)
    ours = built(read_huggingface(saved(tmp_path, theirs)))
    assert max(difference(ours, theirs, size=size) for size in SIZES) < 1e-4


def test_weights_in_pytorchs_format_are_read_too(theirs, folder):
    expected = read_huggingface(folder)
    (folder / "model.safetensors").unlink()
    # Not through save_pretrained: the names that the tensors have in memory.
    torch.save(theirs.state_dict(), folder / "pytorch_model.bin")
    found = read_huggingface(folder)
    assert found.tensors.keys() == expected.tensors.keys()
    assert all(torch.equal(found.tensors[name], expected.tensors[name]) for name in expected.tensors)
    assert found.weights_sha256 != expected.weights_sha256


def test_weights_in_several_files_are_read(theirs, folder, tmp_path):
    theirs.save_pretrained(tmp_path / "shards", max_shard_size="200KB")
    assert len(list((tmp_path / "shards").glob("model-*.safetensors"))) > 1
    whole, spread = read_huggingface(folder), read_huggingface(tmp_path / "shards")
    assert all(torch.equal(whole.tensors[name], spread.tensors[name]) for name in whole.tensors)


def test_half_precision_weights_become_float32(folder):
    edit_tensors(
        folder, lambda tensors: tensors.update({name: t.half() for name, t in tensors.items() if t.is_floating_point()})
    )
    assert {tensor.dtype for tensor in read_huggingface(folder).tensors.values()} == {torch.float32}


def test_a_config_that_leaves_out_defaults_has_transformers_defaults(theirs, folder):
    path = folder / "config.json"
    values = json.loads(path.read_text())
    for section, name in (
        ("backbone_config", "qkv_bias"),
        ("backbone_config", "mlp_ratio"),
        ("decoder_config", "dropout"),
    ):
        del values[section][name]
    del values["id2label"]
    path.write_text(json.dumps(values))
    checkpoint = read_huggingface(folder)
    assert [category.name for category in checkpoint.label_set] == [f"LABEL_{index}" for index in range(5)]
    assert difference(built(checkpoint), theirs, size=(64, 64)) < 1e-4


def test_labels_and_preprocessing_come_along(folder):
    edit(folder, id2label={"1": "cat", "0": " person", "2": "cat", "3": "", "4": "sky"})
    MaskFormerImageProcessorPil(
        size={"shortest_edge": 640, "longest_edge": 2560}, image_mean=[0.5, 0.4, 0.3], image_std=[0.2, 0.3, 0.4]
    ).save_pretrained(folder)
    checkpoint = read_huggingface(folder)
    assert [(c.id, c.name, c.is_thing) for c in checkpoint.label_set] == [
        (0, "person", True), (1, "cat", True), (2, "cat (2)", True), (3, "category 3", True), (4, "sky", True),
    ]  # fmt: skip
    assert checkpoint.preprocessing.mean == pytest.approx((127.5, 102.0, 76.5))
    assert checkpoint.preprocessing.std == pytest.approx((51.0, 76.5, 102.0))
    assert (checkpoint.preprocessing.short_side_px, checkpoint.preprocessing.long_side_px) == (640, 2560)


def test_missing_unknown_and_misshapen_tensors_have_the_files_own_names(folder):
    def change(tensors):
        del tensors["class_predictor.bias"]
        tensors["model.evil"] = torch.zeros(1)
        tensors["model.transformer_module.queries_embedder.weight"] = torch.zeros(7, 65)

    edit_tensors(folder, change)
    with pytest.raises(ModelError) as caught:
        read_huggingface(folder)
    assert "1 missing: class_predictor.bias" in str(caught.value)
    assert "1 unknown: model.evil" in str(caught.value)
    assert "model.transformer_module.queries_embedder.weight [7, 65] instead of [7, 64]" in str(caught.value)
    assert str(folder) in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("model_type", "mask2former", "mask2former"),
        ("backbone_config__model_type", "focalnet", "swin and resnet"),
        ("backbone_config__hidden_act", "relu", "hidden_act is 'relu'; only 'gelu'"),
        ("backbone_config__patch_size", 8, "patch_size"),
        ("backbone_config__use_absolute_embeddings", True, "use_absolute_embeddings"),
        ("backbone_config__layer_norm_eps", 1e-6, "layer_norm_eps"),
        ("backbone_config__num_channels", 4, "num_channels"),
        ("backbone_config__depths", [1, 2, 1], "depths"),
        ("backbone_config__depths", [1, 2, 1, -1], "depths"),
        ("backbone_config__depths", "1211", "depths"),
        ("backbone_config__num_heads", [1, 2, 3, 5], "heads"),
        ("backbone_config__window_size", [4, 4], "window"),
        ("decoder_config__model_type", "conditional_detr", "detr"),
        ("decoder_config__activation_function", "gelu", "activation_function"),
        ("decoder_config__auxiliary_loss", True, "auxiliary_loss"),
        ("decoder_config__decoder_layers", 10**9, "layers"),
        ("decoder_config__decoder_layers", 0, "layers"),
        ("decoder_config__decoder_attention_heads", 7, "heads"),
        ("decoder_config__d_model", "64", "width"),
        ("fpn_feature_size", 100, "32"),
        ("backbone", "resnet50", "backbone"),
        ("backbone_config", [], "backbone_config"),
        ("id2label", {"0": "a", "2": "b"}, "id2label"),
        ("id2label", {"0": 5}, "id2label"),
        ("id2label", ["a"], "id2label"),
        ("id2label", {"0": "only one"}, "class_predictor.weight"),
    ],
)  # fmt: skip
def test_what_cannot_be_built_is_refused_with_value_and_file(folder, name, value, said):
    edit(folder, **{name: value})
    with pytest.raises(ModelError, match=said) as caught:
        read_huggingface(folder)
    assert str(folder) in str(caught.value)


@pytest.mark.parametrize("name", ["downsample_in_first_stage", "downsample_in_bottleneck"])
def test_resnets_with_other_strides_are_refused(name, tmp_path):
    folder = saved(tmp_path, published("resnet"))
    edit(folder, **{f"backbone_config__{name}": True})
    with pytest.raises(ModelError, match=name):
        read_huggingface(folder)


def test_two_names_for_one_tensor_are_refused(folder):
    old = "model.transformer_module.decoder.layers.0.fc1.bias"
    edit_tensors(folder, lambda tensors: tensors.update({old.replace("fc1", "mlp.fc1"): tensors[old].clone()}))
    with pytest.raises(ModelError, match="older and a newer name"):
        read_huggingface(folder)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite_are_refused(folder, value):
    edit_tensors(folder, lambda tensors: tensors["mask_embedder.1.0.weight"][3, 4].fill_(value))
    with pytest.raises(ModelError, match=r"mask_embedder\.1\.0\.weight"):
        read_huggingface(folder)
