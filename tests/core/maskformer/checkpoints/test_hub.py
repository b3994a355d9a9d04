import json
import shutil
from types import SimpleNamespace

import huggingface_hub
import pytest

from core.annotation.errors import ModelError
from core.maskformer.checkpoints.hub import fetch_from_hub, is_hub_id, wanted_files
from core.maskformer.checkpoints.source import read_foreign

COMMIT = "a" * 40


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The hub client's cache, empty."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def put(cache, *names, index=None):
    """A model in the cache as the client lays it out, its files links to their contents."""
    model = cache / "models--owner--name"
    snapshot = model / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (model / "refs").mkdir()
    (model / "refs" / "main").write_text(COMMIT)
    (model / "blobs").mkdir()
    for name in names:
        (model / "blobs" / f"blob-{name}").write_text(json.dumps(index or {}))
        (snapshot / name).symlink_to(f"../../blobs/blob-{name}")
    return snapshot


def test_a_cached_model_is_found_without_a_network(cache):
    snapshot = put(cache, "config.json", "model.safetensors")
    assert fetch_from_hub("owner/name") == snapshot


def test_a_model_that_is_not_cached_is_fetched_with_its_needed_files_alone(cache, monkeypatch):
    asked = {}

    def model_info(self, hub_id, **_):
        names = ["config.json", "model.safetensors", "pytorch_model.bin", "README.md"]
        return SimpleNamespace(siblings=[SimpleNamespace(rfilename=name) for name in names])

    def snapshot_download(hub_id, **options):
        asked.update(options)
        return str(put(cache, *options["allow_patterns"]))

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", model_info)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    folder = fetch_from_hub("owner/name")
    assert asked["allow_patterns"] == ["config.json", "model.safetensors"]
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.safetensors"]


@pytest.mark.parametrize("offline", [False, True])
def test_without_a_network_one_error_says_which_files_to_put_where(cache, offline, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", offline)
    with pytest.raises(ModelError) as caught:
        read_foreign("facebook/maskformer-swin-tiny-coco")
    message = str(caught.value)
    assert message.startswith("facebook/maskformer-swin-tiny-coco: not in the cache and cannot be fetched")
    assert "config.json, preprocessor_config.json and model.safetensors (or pytorch_model.bin) into a folder" in message


def test_half_a_model_in_the_cache_is_not_taken_for_a_whole_one(cache):
    put(cache, "config.json")
    with pytest.raises(ModelError, match="not in the cache"):
        fetch_from_hub("owner/name")


def test_a_cached_index_counts_with_all_of_its_files_only(cache):
    shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    index = {"weight_map": {"a": shards[0], "b": shards[1]}}
    put(cache, "config.json", "model.safetensors.index.json", shards[0], index=index)
    with pytest.raises(ModelError, match="not in the cache"):
        fetch_from_hub("owner/name")
    shutil.rmtree(cache)
    snapshot = put(cache, "config.json", "model.safetensors.index.json", *shards, index=index)
    assert fetch_from_hub("owner/name") == snapshot


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        (["config.json", "model.safetensors", "pytorch_model.bin", "README.md"], ["config.json", "model.safetensors"]),
        (["config.json", "preprocessor_config.json", "pytorch_model.bin", "train.py"],
         ["config.json", "preprocessor_config.json", "pytorch_model.bin"]),
        (["config.json", "model.safetensors.index.json", "model-00001-of-00001.safetensors", "model-x.safetensors",
          "pytorch_model-00001-of-00001.bin"],
         ["config.json", "model.safetensors.index.json", "model-00001-of-00001.safetensors"]),
    ],
)  # fmt: skip
def test_only_the_needed_files_are_fetched(names, wanted):
    assert wanted_files(names) == wanted


@pytest.mark.parametrize("names", [["model.safetensors"], ["config.json", "tf_model.h5"]])
def test_a_model_without_config_or_weights_is_refused(names):
    with pytest.raises(ModelError, match="the model has no"):
        wanted_files(names)


@pytest.mark.parametrize("text", ["facebook/maskformer-swin-tiny-coco", "a/b", "Intel/x_y.z-1"])
def test_ids(text):
    assert is_hub_id(text)


@pytest.mark.parametrize(
    "text", ["a", "a/b/c", "../b", "a/..", "a/b..c", "a/-b", "a/b.", "a/b-", "a b/c", "/a/b", "a/b\n", "ä/b", ""]
)
def test_what_is_no_id(text):
    assert not is_hub_id(text)
