import pytest

from core.annotation.errors import ModelError
from core.annotation.labels import LabelSet
from core.maskformer.build import build_model
from core.maskformer.config import ModelConfig


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"backbone": "resnet9000"}, "resnet9000"),
        ({"width": 100}, "multiple of 32 .*100"),
        ({"heads": 7}, "7 heads"),
        ({"queries": 20}, "36 queries"),
        ({"queries": 0}, "queries"),
        ({"queries": True}, "queries"),
        ({"queries": "100"}, "queries"),
        ({"width": 10**9}, "width"),
        ({"decoder_layers": 1000}, "decoder_layers"),
        ({"dropout": 1.0}, "dropout"),
        ({"dropout": "no"}, "dropout"),
    ],
)
def test_what_cannot_be_built_is_refused_at_construction_with_the_value(change, said):
    with pytest.raises(ModelError, match=said):
        ModelConfig(**change)


def test_dict_round_trip():
    config = ModelConfig(width=64, queries=50, grid_side=3)
    assert ModelConfig.from_dict(config.to_dict()) == config


def test_a_dict_with_other_fields_names_them():
    values = ModelConfig().to_dict()
    del values["heads"]
    with pytest.raises(ModelError, match=r"heads.*beads"):
        ModelConfig.from_dict({**values, "beads": 8})


def test_a_model_without_categories_is_refused():
    with pytest.raises(ModelError, match="at least one category"):
        build_model(ModelConfig(), LabelSet.of([]))
