"""The keywords that editors and type checkers see are the fields of a config."""

import dataclasses
from typing import get_type_hints

from fgan.training.config import TrainConfig
from fgan.training.settings import Settings


def test_settings_are_the_fields_of_a_config_but_its_data():
    fields = [field.name for field in dataclasses.fields(TrainConfig)]
    types = get_type_hints(TrainConfig)
    assert list(get_type_hints(Settings).items()) == [
        (name, types[name]) for name in fields if name != "data"
    ]
    assert not Settings.__required_keys__
