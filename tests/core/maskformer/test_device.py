import pytest
import torch

from core.annotation.errors import ModelError
from core.maskformer import device
from core.maskformer.device import choose_device


@pytest.mark.parametrize(
    ("present", "chosen"),
    [
        ({"cuda": 2, "mps": 1, "cpu": 1}, "cuda"),
        ({"cuda": 0, "mps": 1, "cpu": 1}, "mps"),
        ({"cuda": 0, "mps": 0, "cpu": 1}, "cpu"),
    ],
)
def test_by_itself_the_best_device_is_taken(monkeypatch, present, chosen):
    monkeypatch.setattr(device, "_present", lambda: present)
    assert choose_device() == torch.device(chosen)


def test_a_named_device_is_taken_if_it_is_there(monkeypatch):
    monkeypatch.setattr(device, "_present", lambda: {"cuda": 2, "mps": 0, "cpu": 1})
    assert choose_device("cpu") == torch.device("cpu")
    assert choose_device("cuda:1") == torch.device("cuda:1")
    with pytest.raises(ModelError, match=r"no device 'cuda:2'; it has: cuda, cpu"):
        choose_device("cuda:2")
    with pytest.raises(ModelError, match="no device 'mps'"):
        choose_device("mps")


@pytest.mark.parametrize("name", ["gpu", "", "cuda:x", "meta", "cpu:3"])
def test_a_wrong_device_is_refused_by_name(name):
    with pytest.raises(ModelError, match=repr(name)):
        choose_device(name)
