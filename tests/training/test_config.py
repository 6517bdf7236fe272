import dataclasses
import inspect
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

import fgan
from fgan.networks import ACTIVATIONS, INITS, NETWORKS, NORMS
from fgan.objectives import GENERATOR_LOSSES, OBJECTIVES, PENALTIES
from fgan.training.config import TrainConfig

TRAIN_HELP = " ".join(Path(inspect.getfile(TrainConfig)).read_text().split())


def test_json_holds_everything():
    config = TrainConfig(data="idx:x", divergence="kl", steps=7, image_size=16, lr=1e-4, strict=True)
    assert TrainConfig.from_json(config.to_json(), "here") == config


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"steps": 0}, "--steps must be at least 1; got 0"),
        ({"batch_size": 0}, "--batch-size must be at least 1; got 0"),
        ({"lr": float("nan")}, "--lr must be a positive number; got nan"),
        ({"lr": -1.0}, "--lr must be a positive number; got -1.0"),
        ({"ema": 1.0}, "--ema must be at least 0 and below 1; got 1.0"),
        ({"lr_fade": float("inf")}, "--lr-fade must be at least 0 and finite; got inf"),
        ({"gradient_clip": -1.0}, "--gradient-clip must be at least 0 and finite; got -1.0"),
        ({"seed": -1}, "must be a whole number from 0 to"),
        ({"evaluate_n": 0}, "--evaluate-n must be at least 1; got 0"),
        ({"evaluate_every": -1000}, "--evaluate-every must be at least 0; got -1000"),
        ({"evaluate_every": 1500}, r"a multiple of --checkpoint-every \(1000; change either\); got 1500"),
        ({"steps": "50"}, "\"steps\" must be int; got '50'"),
        ({"steps": 50.5}, '"steps" must be int; got 50.5'),
        ({"activation": "gelu"}, "\"activation\" must be one of relu, leaky-relu, tanh; got 'gelu'"),
    ],
)
def test_values_out_of_range_are_said(changes, rule):
    with pytest.raises(fgan.FganError, match=rule):
        TrainConfig(data="ring8", **changes)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "here is not valid JSON"),
        ("[]", "must be a JSON object"),
        ('{"steps": 3}', 'the key "data"'),
        ('{"data": "ring8", "stesp": 3}', 'unknown field "stesp". Did you mean "steps"'),
        ('{"data": "ring8", "steps": "many"}', "here: \"steps\" must be int; got 'many'"),
        ('{"data": "ring8", "steps": true}', '"steps" must be int; got True'),
        ('{"data": "ring8", "link": "logit"}', '"link" must be one of paper, log-ratio'),
        ('{"data": "ring8", "image_size": "big"}', '"image_size" must be int or null'),
    ],
)
def test_a_damaged_config_is_said(text, said):
    with pytest.raises(fgan.FganError, match=said):
        TrainConfig.from_json(text, "here")


def test_whole_numbers_may_stand_for_real_ones():
    assert TrainConfig.from_json('{"data": "ring8", "lr": 1}', "here").lr == 1


def test_only_what_does_not_change_a_step_may_differ_on_resume():
    config = TrainConfig(data="ring8")
    longer = dataclasses.replace(config, steps=config.steps + 1, keep_checkpoints=5)
    assert config.differences(longer) == []
    assert config.differences(dataclasses.replace(config, lr=0.5)) == ["lr: 0.001 there, 0.5 here"]


def test_a_config_that_is_no_text_is_said(tmp_path):
    (tmp_path / "config.json").write_bytes(b"\xff\xfe")
    with pytest.raises(fgan.FganError, match="is not valid JSON"):
        TrainConfig.read(tmp_path / "config.json")


@pytest.mark.parametrize(
    ("field", "names"),
    [
        ("generator_loss", GENERATOR_LOSSES),
        ("objective", OBJECTIVES),
        ("activation", ACTIVATIONS),
        ("network", NETWORKS),
        ("init", INITS),
        ("norm", NORMS),
    ],
)
def test_the_command_line_offers_what_there_is(field, names):
    assert set(get_args(get_type_hints(TrainConfig)[field])) == set(names)


def test_the_command_line_offers_every_link_and_the_divergences_own():
    named, nothing = get_args(get_type_hints(TrainConfig)["link"])
    assert set(get_args(named)) == set(fgan.Divergence.LINKS) and nothing is type(None)
    assert TrainConfig(data="ring8").link is None


def test_every_penalty_is_named_in_the_help():
    for name in PENALTIES:
        assert f"{name}," in TRAIN_HELP or f"{name}." in TRAIN_HELP
