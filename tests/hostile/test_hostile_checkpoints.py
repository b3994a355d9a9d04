"""Checkpoints made to run code, to fill the memory, or to be read as something else: each is refused."""

import io
import json
import os
import pickle
import re
import shutil
import struct
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from core import load_model
from core.annotation.errors import ModelError
from core.maskformer.checkpoint import save_model
from tests.core.maskformer.checkpoints.public_models import detectron2_arrays, published, saved
from tests.core.maskformer.small_models import small_model

# Far above what reading these small files takes, far below what they ask for.
MOST_MEMORY_BYTES = 300 << 20
MOST_CPU_S = 10


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    """A model folder of this project, one in the Hugging Face layout, and detectron2's arrays."""
    folder = tmp_path_factory.mktemp("originals")
    theirs = published()
    save_model(small_model(), folder / "ours")
    saved(folder / "theirs", theirs)
    return folder, detectron2_arrays(theirs)


@pytest.fixture
def theirs(originals, tmp_path):
    return Path(shutil.copytree(originals[0] / "theirs", tmp_path / "theirs"))


@pytest.fixture
def ours(originals, tmp_path):
    return Path(shutil.copytree(originals[0] / "ours", tmp_path / "ours"))


@pytest.fixture(autouse=True)
def harmless(tmp_path, monkeypatch):
    """Fails when a file was made that an attack makes, or when reading took gigabytes or for ever."""
    monkeypatch.chdir(tmp_path)
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    before, start = peak_bytes(), time.process_time()
    yield
    assert not (tmp_path / "ran").exists()
    assert peak_bytes() - before < MOST_MEMORY_BYTES
    assert time.process_time() - start < MOST_CPU_S


def peak_bytes():
    return int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) << 10


def refused(source, said=None):
    with pytest.raises(ModelError, match=said) as caught:
        load_model(source)
    assert len(str(caught.value)) < 4000


class Call:
    """Pickles as a call of a function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def names_global(module, name, arguments=b"(S'touch ran'\ntR"):
    """A pickle of protocol 0 that calls any module's function."""
    return f"c{module}\n{name}\n".encode() + arguments + b"."


TOUCH = "open('ran', 'w')"
CALLS = {
    "os.system": pickle.dumps(Call(os.system, "touch ran")),
    "eval": pickle.dumps(Call(eval, TOUCH)),
    "exec": pickle.dumps(Call(exec, TOUCH), protocol=0),
    "deep in the arrays": pickle.dumps({"model": {"a": [np.zeros(2), {"b": (Call(eval, TOUCH),)}]}}),
    "beside the model": pickle.dumps({"model": {}, "optimizer": Call(eval, TOUCH)}),
    "open": pickle.dumps(Call(open, "ran", "w")),
    "getattr": names_global("builtins", "getattr"),
    "import": names_global("builtins", "__import__"),
    "python 2's eval": names_global("__builtin__", "eval"),
    "subprocess": names_global("subprocess", "getoutput"),
    "numpy.load": names_global("numpy", "load"),
    "numpy.fromfile": names_global("numpy", "fromfile"),
    "numpy.memmap": names_global("numpy", "memmap", b"(S'ran'\nS'uint8'\nS'w+'\nI0\n(I9\nttR"),
    "numpy's runstring": names_global("numpy.testing._private.utils", "runstring", b"(S\"open('ran','w')\"\n}tR"),
    "numpy's ctypes loader": names_global("numpy.ctypeslib", "load_library"),
    "numpy.f2py": names_global("numpy.f2py.diagnose", "run_command"),
    "numpy.core with a dot": b"\x80\x04\x8c\x0cnumpy._core.\x8c\x11multiarray.scalar\x93.",
    "dotted name": b"\x80\x04\x8c\x05numpy\x8c\x0ctesting.load\x93.",
    "torch.load": names_global("torch", "load"),
    "pickle in pickle": names_global("_pickle", "loads"),
    "codecs with another codec": names_global("_codecs", "encode", b"(Va\nVbz2\ntR"),
    "codecs.decode": names_global("_codecs", "decode"),
    "copyreg": names_global("copyreg", "_reconstructor"),
    "type": names_global("builtins", "type"),
    "persistent id": b"\x80\x02U\x03abcQ.",
    "extension": b"\x80\x02\x82\x01.",
    "INST": b"(S'touch ran'\nios\nsystem\n.",
    "OBJ": b"(cos\nsystem\nS'touch ran'\no.",
    "NEWOBJ": b"\x80\x02cnumpy\nndarray\n)\x81.",
    "state of a function": b"\x80\x02c_codecs\nencode\n}U\x0c__defaults__K\x01sb.",
    "slots of a function": b"\x80\x02c_codecs\nencode\nN}U\x09_functionK\x01s\x86b.",
    "state of a type": b"\x80\x02cnumpy\ndtype\n}U\x0b__setstate__K\x01sb.",
}

SIZES = {
    "bytes": b"\x80\x04\x8e" + struct.pack("<Q", 1 << 40),
    "bytearray": b"\x80\x05\x96" + struct.pack("<Q", 1 << 36) + b".",
    "text": b"\x80\x04\x8d" + struct.pack("<Q", 1 << 40) + b".",
    "frame": b"\x80\x04\x95" + struct.pack("<Q", 1 << 40) + b".",
    "memo": b"\x80\x02Nr\xff\xff\xff\xff.",
    "whole number": b"\x80\x02\x8b\xff\xff\xff\x7f\x01.",
    "array without bytes": pickle.dumps(np.zeros(2, "f4"), 2).replace(b"K\x02\x85", b"J\xff\xff\xff\x7f\x85"),
    "array of a negative side": pickle.dumps(np.zeros(2, "f4"), 2).replace(b"K\x02\x85", b"J\xfe\xff\xff\xff\x85"),
    "empty array": (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nJ\xff\xff\xff\x7f\x85U\x01b\x87R."
    ),
    "nested tuples as key": b"\x80\x02}K\x00" + b"\x32\x86" * 60 + b"K\x01s.",
    "nested tuples as state": b"\x80\x02cnumpy\ndtype\nU\x02f4\x85RK\x00" + b"\x32\x86" * 60 + b"b.",
    "nested tuples as type": b"\x80\x02cnumpy\ndtype\nK\x00" + b"\x32\x86" * 60 + b"\x85R.",
    "nested tuples in a set": b"\x80\x04\x8f(K\x00" + b"\x32\x86" * 60 + b"\x90.",
    "nested lists": b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".",
    "a list in itself": b"\x80\x02}U\x05model]q\x00h\x00as.",
    "a dict in itself": b"\x80\x02}q\x00U\x05modelh\x00s.",
}


@pytest.mark.parametrize("content", CALLS.values(), ids=CALLS)
def test_a_pickle_that_asks_for_code_is_refused(content, tmp_path):
    (tmp_path / "model.pkl").write_bytes(content)
    refused(tmp_path / "model.pkl", r"model\.pkl: ")


@pytest.mark.parametrize("name", ["os.system", "eval", "numpy.load", "torch.load", "subprocess"])
def test_the_refusal_names_what_was_asked_for(name, tmp_path):
    (tmp_path / "model.pkl").write_bytes(CALLS[name])
    asked = {"os.system": "posix.system", "eval": "builtins.eval", "subprocess": "subprocess.getoutput"}.get(name, name)
    refused(tmp_path / "model.pkl", f"asks for {asked}, which could run code")


@pytest.mark.parametrize("content", SIZES.values(), ids=SIZES)
def test_a_pickle_that_claims_too_much_is_refused(content, tmp_path):
    (tmp_path / "model.pkl").write_bytes(content)
    refused(tmp_path / "model.pkl", r"model\.pkl: ")


@pytest.mark.filterwarnings("ignore:Detected pickle protocol:UserWarning:torch")
@pytest.mark.parametrize("content", CALLS.values(), ids=CALLS)
def test_a_pickle_in_the_place_of_weights_runs_nothing(content, theirs):
    (theirs / "model.safetensors").unlink()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("archive/data.pkl", content)
        file.writestr("archive/version", "3\n")
        file.writestr("archive/byteorder", "little")
    for body in (content, archive.getvalue()):
        (theirs / "pytorch_model.bin").write_bytes(body)
        refused(theirs, r"pytorch_model\.bin")


def test_a_detectron2_file_cut_anywhere_is_refused(originals, tmp_path):
    content = pickle.dumps({"model": originals[1]})
    for share in (0.0, 0.001, 0.1, 0.5, 0.9, 0.999):
        (tmp_path / "model.pkl").write_bytes(content[: int(len(content) * share)])
        refused(tmp_path / "model.pkl")


def test_a_detectron2_file_of_many_layers_is_refused(originals, tmp_path):
    layer = "sem_seg_head.predictor.transformer.decoder.layers.{}.linear1.weight"
    many = originals[1] | {layer.format(index): np.zeros((1, 1), np.float32) for index in range(5000)}
    (tmp_path / "model.pkl").write_bytes(pickle.dumps({"model": many}))
    refused(tmp_path / "model.pkl", "layers")


def test_a_detectron2_file_of_wide_shapes_without_values_is_refused(originals, tmp_path):
    wide = np.zeros((0, 10**9, 10**6), np.float32)
    (tmp_path / "model.pkl").write_bytes(pickle.dumps({"model": originals[1] | {"backbone.norm0.weight": wide}}))
    refused(tmp_path / "model.pkl")


def test_arrays_that_share_their_bytes_are_not_copied_out(originals, tmp_path):
    shared = np.zeros(1 << 20, np.float32)
    many = originals[1] | {f"backbone.{index}": shared for index in range(100_000)}
    (tmp_path / "model.pkl").write_bytes(pickle.dumps({"model": many}))
    refused(tmp_path / "model.pkl", "share their bytes")


def header(length, text=b""):
    return struct.pack("<Q", length) + text


def entry(shape, offsets, dtype="F32"):
    text = json.dumps({"class_predictor.bias": {"dtype": dtype, "shape": shape, "data_offsets": offsets}}).encode()
    return header(len(text), text)


SAFETENSORS = {
    "empty": b"",
    "short": b"\x01\x02",
    "header of an exabyte": header(1 << 60),
    "header of 90 MB that is not there": header(90 << 20, b"{"),
    "header is no JSON": header(8, b"not json"),
    "header is a list": header(2, b"[]"),
    "nested header": header(200_000, b"[" * 200_000),
    "tensor of 4 TB": entry([1 << 40], [0, 1 << 42]),
    "tensor without bytes": entry([6], [0, 24]),
    "overflowing shape": entry([1 << 32, 1 << 32], [0, 0]),
    "negative side": entry([-6], [0, 24]) + bytes(24),
    "offsets backwards": entry([6], [24, 0]) + bytes(24),
    "offsets far away": entry([6], [1 << 40, (1 << 40) + 24]) + bytes(24),
    "unknown type": entry([6], [0, 24], "F33") + bytes(24),
    "bytes left over": entry([6], [0, 24]) + bytes(25),
    "a pickle": CALLS["os.system"],
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(100),
}


@pytest.mark.parametrize("content", SAFETENSORS.values(), ids=SAFETENSORS)
def test_broken_safetensors_are_refused(content, theirs):
    (theirs / "model.safetensors").write_bytes(content)
    refused(theirs, str(theirs))


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_cut_safetensors_are_refused(share, theirs):
    content = (theirs / "model.safetensors").read_bytes()
    (theirs / "model.safetensors").write_bytes(content[: int(len(content) * share)])
    refused(theirs, "safetensors")


CONFIGS = {
    "list": [],
    "number": 5,
    "null": None,
    "layers": {"decoder_config": {"decoder_layers": 10**9}},
    "depths": {"backbone_config": {"model_type": "swin", "depths": [10**9] * 4}},
    "negative depths": {"backbone_config": {"model_type": "swin", "depths": [-1, 2, 2, 2]}},
    "many stages": {"backbone_config": {"model_type": "swin", "depths": [1] * 10_000}},
    "width": {"fpn_feature_size": 1 << 40},
    "float width": {"fpn_feature_size": 256.5},
    "true width": {"mask_feature_size": True},
    "queries": {"decoder_config": {"num_queries": 10**12}},
    "window": {"backbone_config": {"model_type": "swin", "window_size": 10**6}},
    "mlp": {"backbone_config": {"model_type": "swin", "mlp_ratio": 1e300}},
    "mlp of infinity": {"backbone_config": {"model_type": "swin", "mlp_ratio": float("inf")}},
    "no heads": {"backbone_config": {"model_type": "swin", "num_heads": [0, 0, 0, 0]}},
    "giants that are allowed": {"fpn_feature_size": 16384, "mask_feature_size": 16384,
                                "decoder_config": {"d_model": 16384, "decoder_ffn_dim": 16384, "decoder_layers": 64}},
    "backbone as text": {"backbone_config": "swin"},
    "backbone to fetch": {"backbone": "../../evil", "use_timm_backbone": True},
    "code to fetch": {"model_type": "evil", "auto_map": {"AutoModel": "evil--code.Model"}},
    "labels": {"id2label": {str(index): "x" for index in range(100_000)}},
    "label as object": {"id2label": {"0": {"a": 1}}},
    "label set too small": {"id2label": {"0": "a"}},
}  # fmt: skip


@pytest.mark.parametrize("changes", CONFIGS.values(), ids=CONFIGS)
def test_hostile_configs_are_refused(changes, theirs):
    path = theirs / "config.json"
    values = json.loads(path.read_text())
    path.write_text(json.dumps({**values, **changes} if isinstance(changes, dict) else changes))
    refused(theirs, str(theirs))


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[" * 100_000, b"\xff\xfe", b'{"a":' * 50_000, b"{" + b" " * (20 << 20) + b"}"]
)
def test_configs_that_are_no_json_are_refused(text, theirs, ours):
    for folder in (theirs, ours):
        (folder / "config.json").write_bytes(text)
        refused(folder, str(folder))


@pytest.mark.parametrize(
    "name",
    ["../../secret.safetensors", "/etc/passwd", "model.pkl", "", ".", "a/b.safetensors", "model-1.safetensors", 5, None,
     "model-00001-of-00001.safetensors\n", "model-00001-of-00001.pkl"],
)  # fmt: skip
def test_an_index_that_leads_elsewhere_is_refused(name, theirs):
    (theirs / "model.safetensors").unlink()
    (theirs / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": name}}))
    refused(theirs, "index")


@pytest.mark.parametrize("index", [{}, {"weight_map": {}}, {"weight_map": [1]}, {"weight_map": "x"}, []])
def test_an_index_of_nothing_is_refused(index, theirs):
    (theirs / "model.safetensors").unlink()
    (theirs / "model.safetensors.index.json").write_text(json.dumps(index))
    refused(theirs, "index")


def test_the_same_tensor_in_two_files_is_refused(theirs):
    names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    content = (theirs / "model.safetensors").read_bytes()
    (theirs / "model.safetensors").unlink()
    for name in names:
        (theirs / name).write_bytes(content)
    (theirs / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": names[0], "b": names[1]}}))
    refused(theirs, "a second time")


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "preprocessor_config.json"])
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_pipes_folders_and_devices_are_not_read(name, make, theirs):
    (theirs / name).unlink(missing_ok=True)
    make(theirs / name)
    refused(theirs)


def test_a_link_in_a_circle_is_refused(theirs):
    (theirs / "model.safetensors").unlink()
    (theirs / "model.safetensors").symlink_to("model.safetensors")
    refused(theirs)


def test_a_sparse_giant_is_not_read(theirs, tmp_path):
    for path in (theirs / "model.safetensors", tmp_path / "model.pkl"):
        with path.open("wb") as file:
            file.truncate(1 << 40)
        refused(theirs if path.suffix == ".safetensors" else path, "at most")


def archive_of(tensors):
    content = io.BytesIO()
    torch.save(tensors, content)
    return content.getvalue()


def test_a_compressed_archive_is_not_unpacked(theirs):
    (theirs / "model.safetensors").unlink()
    with zipfile.ZipFile(theirs / "pytorch_model.bin", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("archive/data.pkl", pickle.dumps({}))
        packed.writestr("archive/data/0", bytes(100 << 20))
    refused(theirs, "compressed")


def test_an_archive_that_claims_more_than_it_holds_is_refused(theirs):
    (theirs / "model.safetensors").unlink()
    inner = zipfile.ZipFile(io.BytesIO(archive_of({"a": torch.zeros(4)})))
    with zipfile.ZipFile(theirs / "pytorch_model.bin", "w") as changed:
        for item in inner.infolist():
            changed.writestr(item.filename, inner.read(item).replace(b"K\x04tq", b"J\xff\xff\xff\x7ftq"))
    refused(theirs, r"pytorch_model\.bin")


@pytest.mark.parametrize(
    "values",
    [[1], {"a": 5}, {5: torch.zeros(1)}, {"a": torch.zeros(2, 2).to_sparse()}, {"a": torch.zeros(1).expand(10**9)},
     {"a": {"b": torch.zeros(1)}}, torch.zeros(1)],
    ids=["list", "number", "number as name", "sparse", "expanded", "nested", "tensor"],
)  # fmt: skip
def test_other_contents_of_an_archive_are_refused(values, theirs):
    (theirs / "model.safetensors").unlink()
    (theirs / "pytorch_model.bin").write_bytes(archive_of(values))
    refused(theirs)


def test_an_expanded_tensor_in_the_place_of_a_real_one_is_not_unfolded(theirs):
    tensors = safetensors.torch.load_file(theirs / "model.safetensors")
    tensors["class_predictor.weight"] = torch.zeros(1, 1).expand(10**6, 10**6)
    (theirs / "model.safetensors").unlink()
    (theirs / "pytorch_model.bin").write_bytes(archive_of(tensors))
    refused(theirs, "class_predictor.weight")


def test_tensors_that_repeat_their_numbers_to_fit_a_giant_config_are_refused(theirs):
    path = theirs / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "fpn_feature_size": 16384}))
    tensors = safetensors.torch.load_file(theirs / "model.safetensors")
    for level in range(3):
        name = f"model.pixel_level_module.decoder.fpn.layers.{level}.block.0.weight"
        tensors[name] = torch.zeros(1, 1, 1, 1).expand(16384, 16384, 3, 3)
    (theirs / "model.safetensors").unlink()
    (theirs / "pytorch_model.bin").write_bytes(archive_of(tensors))
    refused(theirs, "more room than the file")


def test_parts_of_an_archive_that_lie_over_each_other_are_refused(theirs):
    (theirs / "model.safetensors").unlink()
    content = archive_of({f"{index}": torch.full((1 << 16,), float(index)) for index in range(4)})
    end = content.rindex(b"PK\x05\x06")
    start = int.from_bytes(content[end + 16 : end + 20], "little")
    entries = [entry for entry in zipfile.ZipFile(io.BytesIO(content)).infolist() if entry.filename.endswith("data/0")]
    directory = bytearray(content[start:end])
    for index in range(1, 4):
        place = directory.index(f"archive/data/{index}".encode())
        directory[place - 4 : place] = struct.pack("<I", entries[0].header_offset)
    cut = content[: entries[0].header_offset + (1 << 18) + 400]
    ending = bytearray(content[end:])
    ending[16:20] = struct.pack("<I", len(cut))
    (theirs / "pytorch_model.bin").write_bytes(cut + directory + ending)
    refused(theirs, "lie over each other")


@pytest.mark.parametrize("changed", ["config.json", "model.safetensors"])
def test_weights_of_another_config_are_refused(changed, ours, tmp_path):
    save_model(small_model(seed=1), tmp_path / "other")
    shutil.copy(tmp_path / "other" / changed, ours / changed)
    refused(ours, "SHA-256")
