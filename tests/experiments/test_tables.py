"""A table in, a run, a table out: by the command line, in Python, exported, gone on with and compared."""

import json

import numpy as np
import pytest
import torch

import fgan
from fgan.cli import main
from fgan.errors import FganError, RunError

pandas = pytest.importorskip("pandas")
FEW = {
    "steps": 4,
    "batch_size": 16,
    "width": 8,
    "compile": "off",
    "sample_every": 0,
    "say": lambda line: None,
}


@pytest.fixture(scope="module")
def people():
    random = np.random.default_rng(0)
    n = 120
    return pandas.DataFrame(
        {
            "age": random.integers(18, 80, n),
            "pay": np.where(random.random(n) < 0.2, np.nan, random.normal(3000, 500, n).round(2)),
            "city": random.choice(["Oslo", "Bonn"], n, p=[0.9, 0.1]),
            "since": pandas.date_range("2020-01-31", periods=n, freq="D"),
            "rich": random.random(n) < 0.3,
        }
    )


def test_a_data_frame_in_and_one_out(people, tmp_path):
    run = fgan.train(people, out=tmp_path / "run", conditional_on="city", **FEW)
    rows = run.sample(40, seed=1)
    assert rows.dtypes.to_dict() == people.dtypes.to_dict() and len(rows) == 40
    assert set(run.sample(9, label="Bonn")["city"]) == {"Bonn"}
    assert (rows["city"] == "Oslo").mean() > 0.7, "classes by their shares"
    assert (
        run.sampler().sample(3).shape
        == run.generator(torch.zeros(3, run.generator.latent), torch.zeros(3).long()).shape
    )
    again = fgan.load(run.path)
    pandas.testing.assert_frame_equal(again.sample(40, seed=1), rows)
    fgan.export(run, "safetensors", tmp_path / "one.safetensors")
    pandas.testing.assert_frame_equal(fgan.load(tmp_path / "one.safetensors").sample(40, seed=1), rows)
    assert run.evaluate(people, metrics="fid", n=40, reference="all")["fid"].value > 0
    (run.path / "table.json").write_text("{")
    with pytest.raises(FganError, match=r"table\.json is not valid JSON"):
        run.sample(1)
    (run.path / "table.json").unlink()
    with pytest.raises(RunError, match=r"table\.json is missing"):
        run.sample(1)
    with pytest.raises(RunError, match=r"table\.json is missing"):
        fgan.export(run, "safetensors", tmp_path / "two.safetensors")
    fgan.train(people, out=run.path, resume=True, **{**FEW, "steps": 6}, conditional_on="city")
    assert len(run.sample(3)) == 3


def test_the_command_line_writes_the_columns_that_it_read(people, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    people.to_csv("people.csv", index=False)
    few = ["--steps", "4", "--width", "8", "--compile", "off", "--sample-every", "0", "--out", "run"]
    assert main(["train", "people.csv", *few, "--drop", "rich", "--categories", "age"]) == 2
    assert "--drop age" in capsys.readouterr().err and not (tmp_path / "run").exists()
    assert main(["train", "people.csv", *few, "--drop", "rich"]) == 0
    assert "pay is a number" in capsys.readouterr().out
    assert json.loads((tmp_path / "run" / "table.json").read_text())["format"] == 1
    for name in ("made.csv", "made.parquet"):
        assert main(["sample", "run", "--n", "200", "--out", name]) == 0
    made = pandas.read_csv("made.csv")
    real = pandas.read_csv("people.csv").drop(columns="rich")
    assert list(made) == list(real) and made.dtypes.to_dict() == real.dtypes.to_dict()
    assert 0 < made["pay"].isna().mean() < 1 and set(made["city"]) <= {"Oslo", "Bonn"}
    assert made["pay"].dropna().equals(made["pay"].dropna().round(2)) and made["since"].str.len().eq(10).all()
    assert pandas.read_parquet("made.parquet").dtypes["since"].kind == "M"
    assert main(["sample", "run", "--out", "made.png"]) == 2 and "made.png" in capsys.readouterr().err
    for flags in (["--walk", "4"], ["--interpolate", "0", "1"], ["--grid-by-class"]):
        assert main(["sample", "run", *flags]) == 2
        assert f"{flags[0]} draws pictures and points" in capsys.readouterr().err
    assert main(["evaluate", "made.csv", "--against", "people.csv", "--n", "40"]) == 2
    assert 'no column "rich"' in capsys.readouterr().err
    people.assign(age=people["age"] + 900).to_csv("people.csv", index=False)  # encoded as before
    assert main(["train", "people.csv", *few[2:], "--steps", "8", "--drop", "rich", "--resume"]) == 2
    assert "has changed since" in capsys.readouterr().err
    people.drop(columns="city").to_csv("people.csv", index=False)
    assert main(["train", "people.csv", *few[2:], "--steps", "8", "--drop", "rich", "--resume"]) == 2
    assert "has changed since" in capsys.readouterr().err


def test_numbers_alone_are_not_given_out_as_they_are_encoded(tmp_path):
    frame = pandas.DataFrame(np.random.default_rng(0).normal(50, 9, (60, 2)))
    run = fgan.train(frame, out=tmp_path / "run", **FEW)
    assert run.sample(3).columns.tolist() == [0, 1], "names are whole numbers as in the data"
    (run.path / "table.json").unlink()
    with pytest.raises(RunError, match=r"table\.json is missing"):
        run.sample(3)


@pytest.mark.slow
@pytest.mark.slow
def test_a_data_frame_is_compared_as_the_table_that_it_is(people, tmp_path):
    pytest.importorskip("pyarrow")
    people = people.assign(
        code=people["city"].map({"Oslo": "007", "Bonn": "012"}),
        met=people["since"].dt.tz_localize("Europe/Oslo").sample(frac=1, random_state=0).to_numpy(),
        month=people["since"].dt.to_period("M"),
    )
    people["met"] = pandas.to_datetime(people["met"], utc=True).dt.tz_convert("Europe/Oslo")
    few = {**FEW, "steps": 2, "metrics": "fid", "n": 40, "jobs": 1, "conditional_on": "city"}
    found = fgan.compare(people, ["js", "kl"], out=tmp_path / "all", **few)
    rows = found.best.sample(20)
    assert list(rows) == list(people) and set(found.best.sample(3, label="Bonn")["city"]) == {"Bonn"}
    assert set(rows["code"]) <= {"007", "012"}, "zeros stay"
    assert str(rows["met"].dt.tz) == "UTC", "moments keep that they have a zone"
    fgan.compare(people, ["js", "kl"], out=tmp_path / "all", resume=True, **few)
    with pytest.raises(RunError, match="different samples"):
        fgan.compare(people.assign(age=1), ["js", "kl"], out=tmp_path / "all", resume=True, **few)
    mixed = people.assign(mixed=np.array([1, "x"] * 60, dtype=object))
    with pytest.raises(FganError, match="Give each column one type"):
        fgan.compare(mixed, ["js"], out=tmp_path / "mixed", **few)
