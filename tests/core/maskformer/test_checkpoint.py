import hashlib
import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import safetensors.torch
import torch

from core.annotation.errors import ModelError
from core.maskformer.checkpoint import load_backbone_weights, load_model, save_model
from core.maskformer.manifest import CONFIG_NAME, WEIGHTS_NAME, read_checkpoint
from tests.core.maskformer.small_models import small_model

PROJECT = Path(__file__).parents[3]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_model(small_model(), tmp_path / "model", extra={"steps": 7, "threshold": 0.4})
    return tmp_path / "model"


def rewrite(folder: Path, tensors: dict[str, torch.Tensor]) -> None:
    """Put other weights into a model folder, with their right hash: the work of a hostile or confused hand."""
    content = safetensors.torch.save(tensors)
    (folder / WEIGHTS_NAME).write_bytes(content)
    edit(folder, weights_sha256=hashlib.sha256(content).hexdigest())


def edit(folder: Path, **changes: object) -> None:
    path = folder / CONFIG_NAME
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_loaded_model_answers_the_same_bits(folder):
    original, loaded = small_model().eval(), load_model(folder)
    pixels = torch.randn(1, 3, 65, 91)
    assert not loaded.training
    assert torch.equal(original(pixels).mask_logits, loaded(pixels).mask_logits)
    assert torch.equal(original(pixels).class_logits, loaded(pixels).class_logits)
    assert loaded.label_set == original.label_set
    assert loaded.preprocessing == original.preprocessing
    assert loaded.config == original.config
    assert all(parameter.requires_grad for parameter in loaded.parameters())


def test_loading_leaves_the_random_state_alone(folder):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    load_model(folder)
    assert torch.equal(before, torch.get_rng_state())


def test_the_manifest_says_what_was_saved(folder):
    checkpoint = read_checkpoint(folder)
    assert checkpoint.training == {"steps": 7, "threshold": 0.4}
    assert checkpoint.weights_sha256 == hashlib.sha256((folder / WEIGHTS_NAME).read_bytes()).hexdigest()
    assert load_model(folder).weights_sha256 == checkpoint.weights_sha256
    assert sorted(path.name for path in folder.iterdir()) == [CONFIG_NAME, WEIGHTS_NAME]


def test_a_model_loads_in_bfloat16(folder):
    output = load_model(folder, dtype=torch.bfloat16)(torch.randn(1, 3, 64, 64))
    assert output.mask_logits.dtype == torch.float32
    assert output.class_logits.isfinite().all()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"device": "foo"}, "foo"),
        ({"device": "cuda:77"}, "cuda:77"),
        ({"device": []}, "no device"),
        ({"dtype": "float32"}, "float32"),
        ({"dtype": torch.int8}, "int8"),
    ],
)
def test_a_device_or_type_that_cannot_be_is_refused(folder, options, said):
    with pytest.raises(ModelError, match=said):
        load_model(folder, **options)


@pytest.mark.parametrize("source", [None, 3])
def test_what_is_no_name_or_path_is_no_model(source):
    with pytest.raises(ModelError, match=str(source)):
        load_model(source)


def test_saving_again_replaces_the_model(folder):
    save_model(small_model(seed=1), folder)
    assert torch.equal(load_model(folder).head.classes.weight, small_model(seed=1).head.classes.weight)


def test_truncated_weights_are_refused(folder):
    path = folder / WEIGHTS_NAME
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ModelError, match="SHA-256"):
        load_model(folder)


def test_truncated_weights_with_their_own_hash_are_refused(folder):
    content = (folder / WEIGHTS_NAME).read_bytes()[:-100]
    (folder / WEIGHTS_NAME).write_bytes(content)
    edit(folder, weights_sha256=hashlib.sha256(content).hexdigest())
    with pytest.raises(ModelError, match="not a safetensors file"):
        load_model(folder)


def test_one_changed_bit_is_refused(folder):
    content = bytearray((folder / WEIGHTS_NAME).read_bytes())
    content[-1] ^= 1
    (folder / WEIGHTS_NAME).write_bytes(content)
    with pytest.raises(ModelError, match="SHA-256"):
        load_model(folder)


def test_missing_unknown_and_misshapen_tensors_are_named(folder):
    tensors = safetensors.torch.load_file(folder / WEIGHTS_NAME)
    del tensors["head.classes.bias"]
    tensors["evil.weight"] = torch.zeros(1)
    tensors["head.classes.weight"] = torch.zeros(9, 32)
    rewrite(folder, tensors)
    with pytest.raises(ModelError) as caught:
        load_model(folder)
    assert "1 missing: head.classes.bias" in str(caught.value)
    assert "1 unknown: evil.weight" in str(caught.value)
    assert "1 misshapen: head.classes.weight [9, 32] instead of [4, 32]" in str(caught.value)


def test_a_config_that_asks_for_a_giant_is_refused_without_memory(folder):
    values = json.loads((folder / CONFIG_NAME).read_text())
    edit(folder, model={**values["model"], "backbone": {"kind": "vit", "width": 16384, "heads": 16, "depth": 256}})
    with pytest.raises(ModelError, match="missing"):
        load_model(folder)


def test_a_pickle_in_the_place_of_the_weights_is_not_opened(folder, tmp_path):
    class Bomb:
        def __reduce__(self):
            return Path.touch, (tmp_path / "ran",)

    content = pickle.dumps(Bomb(), protocol=2)
    (folder / WEIGHTS_NAME).write_bytes(content)
    edit(folder, weights_sha256=hashlib.sha256(content).hexdigest())
    with pytest.raises(ModelError, match="safetensors"):
        load_model(folder)
    (tmp_path / "bomb.pth").write_bytes(content)
    with pytest.raises(ModelError, match="no model here"):
        load_model(tmp_path / "bomb.pth")
    with pytest.raises(ModelError, match=r"bomb\.pth"):
        load_backbone_weights(small_model(), tmp_path / "bomb.pth")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": "onnx"}, "not a Maskwright model"),
        ({"version": 99}, "update Maskwright"),
        ({"label_set": []}, "category"),
        ({"label_set": [{"id": 1}]}, "lacks 'name'"),
        ({"label_set": "cats"}, None),
        ({"preprocessing": {"mean": [0, 0, 0], "std": [1, 1, 0], "long_side_px": 320, "short_side_px": None}}, "std"),
        (
            {
                "preprocessing": {
                    "mean": [0, 0, float("nan")],
                    "std": [1, 1, 1],
                    "long_side_px": 320,
                    "short_side_px": None,
                }
            },
            "finite",
        ),
        ({"preprocessing": {"mean": ["0", 0, 0], "std": [1, 1, 1], "long_side_px": 320, "short_side_px": None}}, None),
        (
            {"preprocessing": {"mean": [0, 0, 0], "std": [1, 1, 1], "long_side_px": 10**7, "short_side_px": None}},
            "long_side_px",
        ),
        ({"preprocessing": []}, "preprocessing"),
        ({"model": {}}, "misshapen"),
        ({"model": {"backbone": "resnet9000"}}, "resnet9000"),
        ({"model": 5}, "names and values"),
        ({"training": 5}, "training"),
    ],
)
def test_a_broken_manifest_is_refused_with_its_path(folder, changes, said):
    edit(folder, **changes)
    with pytest.raises(ModelError, match=said) as caught:
        load_model(folder)
    assert str(folder) in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", "[" * 100_000])
def test_a_manifest_that_is_no_json_object_is_refused(folder, text):
    (folder / CONFIG_NAME).write_text(text)
    with pytest.raises(ModelError):
        load_model(folder)


def test_absent_folder_and_absent_weights_are_said(folder, tmp_path):
    with pytest.raises(ModelError, match="no model here"):
        load_model(tmp_path / "nothing")
    (folder / WEIGHTS_NAME).unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        load_model(folder)


def test_backbone_weights_of_another_net_are_refused(tmp_path):
    torch.save({"conv1.weight": torch.zeros(2)}, tmp_path / "resnet.pth")
    with pytest.raises(ModelError, match="lacks '_"):
        load_backbone_weights(small_model(), tmp_path / "resnet.pth")
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(ModelError, match=r"list\.pth"):
        load_backbone_weights(small_model(), tmp_path / "list.pth")


def test_core_and_a_manifest_need_no_torch(folder):
    program = (
        "import sys, core; from core.maskformer.manifest import read_checkpoint; "
        f"read_checkpoint({str(folder)!r}); assert 'torch' not in sys.modules; "
        "from core import Predictor, load_model; assert 'torch' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], cwd=PROJECT, check=True, timeout=120)
