import json

import pytest

from core.annotation.errors import TrainingError
from core.annotation.labels import Category
from core.training.categories import label_set_of
from core.training.config import TrainingConfig, read_config
from core.training.data.sources import DataSet, SourceConfig
from core.training.schedule import StageConfig


def test_a_config_comes_back_from_json_as_it_went():
    config = TrainingConfig(
        stages=(StageConfig(crop_px=128), StageConfig(share=0.5)),
        sources={"bsds500": SourceConfig(weight=2.0, void=(11, 12))},
        categories_from=("coco-mini",),
        seed=7,
    )
    assert TrainingConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_what_is_left_out_takes_its_default_and_the_seed_can_be_given(tmp_path):
    path = tmp_path / "recipe.json"
    path.write_text('{"loss": {"dice": 3}, "seed": 1}')
    config = read_config(path, 5)
    assert (config.loss.dice, config.loss.masks, config.seed) == (3, 5.0, 5)
    assert read_config(None, None) == TrainingConfig()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"los": {}}', "no los; known are augment"),
        ('{"loss": {"dices": 1}}', r"no loss\.dices"),
        ('{"stages": [{"crops": 1}]}', r"no stages\.crops"),
        ('{"sources": {"x": {"wait": 1}}}', r"no sources\.x\.wait"),
        ('{"loss": 3}', "loss. is a set of names"),
        ('{"optimiser": {"rate": "fast"}}', "cannot be used"),
        ('{"stages": []}', "at least one stage"),
        ("{", "cannot be read as JSON"),
    ],
)
def test_a_wrong_configuration_is_refused_with_its_place(tmp_path, content, said):
    path = tmp_path / "recipe.json"
    path.write_text(content)
    with pytest.raises(TrainingError, match=said):
        read_config(path, None)


def data_set(name, *categories):
    made = tuple(Category(number, label, thing, (0, 0, 0)) for number, label, thing in categories)
    return DataSet(name, "coco", "thing", made, ())


def test_the_label_set_keeps_ids_where_free_merges_names_and_ends_with_region():
    labels = label_set_of(
        [
            data_set("a", (1, "person", True), (90, "toothbrush", True)),
            data_set("b", (1, "deer", True), (7, "person", True), (0, "sky", False), (3, "region", True)),
        ]
    )
    assert [(c.id, c.name, c.is_thing) for c in labels] == [
        (1, "person", True),
        (90, "toothbrush", True),
        (91, "deer", True),
        (92, "sky", False),
        (93, "region", False),
    ]
    assert len({c.colour for c in labels}) == 5
