import dataclasses

import pytest
import torch

from core.annotation.errors import TrainingError
from core.maskformer.backbones.config import SwinConfig
from core.maskformer.model import freeze_backbone_stages
from core.training.optimisation import OptimiserConfig, RunningAverage, build_optimiser, set_rate
from tests.core.maskformer.small_models import SMALL_PAPER, small_model


def test_every_trainable_parameter_is_in_one_group_with_its_rate_and_decay():
    model = small_model()
    freeze_backbone_stages(model, 3)
    optimiser = build_optimiser(model, OptimiserConfig(rate=6e-4, backbone_rate=1e-4, weight_decay=0.05))
    settings = {
        id(parameter): (group["lr"], group["weight_decay"])
        for group in optimiser.param_groups
        for parameter in group["params"]
    }
    trainable = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert len(settings) == len(trainable) == sum(len(group["params"]) for group in optimiser.param_groups)
    of = {name: settings[id(parameter)] for name, parameter in trainable.items()}
    assert of["head.classes.weight"] == (6e-4, 0.05)
    assert of["head.classes.bias"] == (6e-4, 0.0)
    assert of["head.query_source.slots"] == (6e-4, 0.0)
    assert {of[name] for name in of if name.startswith("backbone.")} == {(1e-4, 0.05), (1e-4, 0.0)}


def test_the_rate_is_a_share_of_each_groups_peak():
    optimiser = build_optimiser(small_model(), OptimiserConfig(rate=6e-4, backbone_rate=1e-4))
    set_rate(optimiser, 0.5)
    set_rate(optimiser, 0.25)
    assert {group["lr"] for group in optimiser.param_groups} == {1.5e-4, 2.5e-5}


def test_a_wholly_frozen_model_is_refused():
    with pytest.raises(TrainingError, match="frozen"):
        build_optimiser(small_model().requires_grad_(False), OptimiserConfig())


def test_the_average_follows_the_weights_and_is_apart_from_them():
    model = small_model()
    average = RunningAverage(model, 0.9)
    before = average.model.head.classes.bias.clone()
    with torch.no_grad():
        model.head.classes.bias += 1
    average.update(model, 10_000)
    torch.testing.assert_close(average.model.head.classes.bias, before + 0.1)
    average.update(model, 0)
    torch.testing.assert_close(average.model.head.classes.bias, before + 0.1 + 0.9 * 0.9)


@pytest.mark.parametrize("values", [{"rate": 0.0}, {"clip": 0.0}, {"average": 1.0}, {"betas": (0.9, 1.0)}])
def test_an_impossible_optimiser_is_refused(values):
    with pytest.raises(TrainingError):
        OptimiserConfig(**values)


def test_tables_of_relative_positions_and_learned_queries_have_no_decay():
    swin = SwinConfig(embed_dim=24, depths=(1, 1, 1, 1), heads=(1, 2, 4, 8))
    model = small_model(dataclasses.replace(SMALL_PAPER, backbone=swin))
    optimiser = build_optimiser(model, OptimiserConfig(weight_decay=0.05))
    decays = {id(p): group["weight_decay"] for group in optimiser.param_groups for p in group["params"]}
    of = {name: decays[id(parameter)] for name, parameter in model.named_parameters()}
    free = [name for name in of if "position" in name or "norm" in name or name.endswith("bias")]
    assert {name.split(".")[-1] for name in free} >= {"position_bias", "positions", "weight", "bias"}
    assert {of[name] for name in free} == {0.0}
    assert of["backbone.stages.0.blocks.0.attention.qkv.weight"] == 0.05


@pytest.mark.parametrize("count", [0, 1.5])
def test_a_batch_is_learned_in_whole_parts(count):
    with pytest.raises(TrainingError, match="whole number of parts"):
        OptimiserConfig(accumulate=count)
