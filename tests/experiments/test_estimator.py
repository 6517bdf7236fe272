"""`fgan.Generator` keeps scikit-learn's rules, all that its own checks know, and gives back what it was given."""

import io
import warnings
from pathlib import Path

import joblib
import numpy as np
import pytest
import torch
from cases import one_fast
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import fgan

X = np.random.default_rng(0).normal(5.0, 2.0, size=(120, 3))
QUICK = {"steps": 15, "batch_size": 16, "settings": {"width": 8, "device": "cpu"}}
NEEDS_A_SETTING = "SCIPY_ARRAY_API is not set"
"""What check_array_api_input says: it is skipped for every estimator unless the environment asks for it."""


@pytest.mark.slow
def test_it_passes_all_of_scikit_learns_checks():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = check_estimator(fgan.Generator(**{**QUICK, "steps": 1}), on_fail=None, on_skip=None)
    odd = [f"{one['check_name']}: {one['exception']}" for one in found if one["status"] != "passed"]
    assert len(found) > 30 and all(NEEDS_A_SETTING in text for text in odd), odd


def test_it_is_fitted_sampled_cloned_and_kept():
    made = fgan.Generator("js", random_state=0, **QUICK)
    with pytest.raises(NotFittedError):
        made.sample(1)
    assert made.fit(X) is made and made.n_features_in_ == 3 and made.n_iter_ == 15
    rows = made.sample(7, random_state=1)
    assert rows.shape == (7, 3) and rows.dtype == X.dtype and np.isfinite(rows).all()
    assert not np.array_equal(rows, made.sample(7, random_state=2))
    assert np.array_equal(rows, clone(made).fit(X).sample(7, random_state=1)), "the same seed, the same rows"
    assert not np.array_equal(rows, clone(made).set_params(random_state=3).fit(X).sample(7, random_state=1))
    kept = io.BytesIO()
    joblib.dump(made, kept)
    kept.seek(0)
    assert np.array_equal(joblib.load(kept).sample(7, random_state=1), rows)
    assert isinstance(made.generator_, torch.nn.Module) and made.metrics_[-1]["step"] == 15


def test_it_leaves_nothing_behind_unless_it_is_asked_to(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert fgan.Generator("js", **QUICK).fit(X).run_ is None
    assert not [*Path().iterdir()] and capsys.readouterr() == ("", "")
    run = fgan.Generator("kl", out="mine", random_state=0, **QUICK).fit(X).run_
    assert run.config().divergence == "kl" and run.sample(4).shape == (4, 3)


def test_it_stands_in_a_pipeline():
    made = make_pipeline(StandardScaler(), fgan.Generator("js", random_state=0, **QUICK)).fit(X)
    assert abs(made[-1].sample(200).mean()) < 2, "in the units of the step before it"


@pytest.mark.parametrize("name", one_fast(["pandas", "polars"]))
def test_a_table_comes_back_as_a_table(name):
    library = pytest.importorskip(name)
    table = library.DataFrame({"age": X[:, 0], "height": X[:, 1]})
    rows = fgan.Generator("js", random_state=0, **QUICK).fit(table).sample(5)
    assert type(rows) is type(table) and [*rows.columns] == ["age", "height"] and rows.shape == (5, 2)


def test_a_setting_that_is_given_twice_or_unknown_is_refused():
    with pytest.raises(fgan.FganError, match="settings= must not contain steps"):
        fgan.Generator(settings={"steps": 3}).fit(X)
    with pytest.raises(fgan.FganError, match="stepz"):
        fgan.Generator(settings={"stepz": 3}).fit(X)
