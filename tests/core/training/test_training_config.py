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


def test_a_whole_number_is_also_a_share_and_null_is_what_allows_it():
    config = TrainingConfig.from_dict({"stages": [{"share": 2}], "queries": None, "sources": {"a": {"complete": None}}})
    assert (config.stages[0].share, type(config.stages[0].share)) == (2.0, float)
    assert config == TrainingConfig(stages=(StageConfig(share=2.0),), sources={"a": SourceConfig()})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"los": {}}', "no los; known are augment"),
        ('{"loss": {"dices": 1}}', r"no loss\.dices"),
        ('{"stages": [{"crops": 1}]}', r"no stages\[0\]\.crops"),
        ('{"sources": {"x": {"wait": 1}}}', r"no sources\.x\.wait"),
        ('{"loss": 3}', "loss is a set of names"),
        ('{"optimiser": {"rate": "fast"}}', r"optimiser\.rate is a finite number, got 'fast'"),
        ('{"optimiser": {"betas": [0.9]}}', r"optimiser\.betas is a list of 2 values, got \[0.9\]"),
        ('{"optimiser": {"betas": "ab"}}', r"optimiser\.betas is a list, got 'ab'"),
        ('{"stages": [{}, {"batch": 2.5}]}', r"stages\[1\]\.batch is a whole number, got 2\.5"),
        ('{"stages": [{"batch": true}]}', r"stages\[0\]\.batch is a whole number, got True"),
        ('{"stages": [{"batch": 0}]}', r"stages\[0\]: .*batch at least 1"),
        ('{"stages": {}}', r"stages is a list, got \{\}"),
        ('{"loss": {"by_quality": 1}}', r"loss\.by_quality is true or false, got 1"),
        ('{"loss": {"matching": ["fixed"]}}', r"loss\.matching is one of 'hungarian'.*got \['fixed'\]"),
        ('{"loss": {"dice": null}}', r"loss\.dice is a finite number, got None"),
        ('{"sources": ["x"]}', "sources is a set of names and values"),
        ('{"sources": {"x": {"void": [1.5]}}}', r"sources\.x\.void\[0\] is a whole number, got 1\.5"),
        ('{"sources": {"x": {"union": 3}}}', r"sources\.x\.union is a text in quotes, got 3"),
        ('{"model": {"backbone": 3}}', "configuration's model cannot be used"),
        ('{"categories_from": "coco"}', "categories_from is a list, got 'coco'"),
        ('{"save_minutes": NaN}', "save_minutes is a finite number, got nan"),
        ('{"save_minutes": -1}', r"evaluate_minutes and save_minutes .* 5\.0 and -1\.0"),
        ('{"evaluate_minutes": 1e999}', "evaluate_minutes is a finite number, got inf"),
        ('{"workers": 65}', "workers is a whole number from 0 to 64, got 65"),
        ('{"seed": 9223372036854775808}', "seed is a whole number from 0 to below"),
        ('{"queries": 0}', "queries is a whole number from 1"),
        ('{"input_px": 33}', "input_px is a multiple of 4 from 32 to 4096, got 33"),
        ('{"frozen_stages": -1}', "frozen_stages is a number of stages from 0, got -1"),
        ("[" * 100_000, "cannot be read as JSON"),
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
