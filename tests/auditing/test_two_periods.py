"""Two periods are judged as such: no word of synthetic data, the rows that changed, and one sentence that holds."""

import json
import re

import numpy as np
import pandas as pd
import pytest

import fgan
from fgan.errors import DataError, FganError


def quiet(*tables, **more):
    return fgan.audit(*tables, say=lambda line: None, **more)


def orders(seed, n=600, odd=0):
    """Orders with a customer, of which the first few are odd: cheap and heavy."""
    random = np.random.default_rng(seed)
    weight = random.lognormal(0, 0.3, n)
    price = 4 * weight + random.normal(5, 0.5, n)
    weight[:odd], price[:odd] = 9, 1
    return pd.DataFrame(
        {
            "customer": [f"customer {seed}-{k}" for k in range(n)],
            "weight": weight.round(3),
            "price": price.round(3),
            "land": random.choice(["DE", "FR", "IT"], n),
        }
    )


@pytest.fixture(scope="module")
def drifted():
    return quiet(orders(0), orders(1, odd=60), drift=True, names=("march", "april"))


def test_every_sentence_calls_the_tables_by_their_names(drifted):
    for text in (str(drifted), drifted.to_html(page=True)):
        plain = re.sub(r"base64,[^\"]*|<style>.*?</style>", "", text, flags=re.S)
        assert not re.search(r"\b(real|synthetic|copied|leak|privacy|memor\w*)\b", plain, flags=re.I)
        assert "april differs from march." in plain and "march against april" in plain
    found = json.loads(json.dumps(drifted.to_dict(), allow_nan=False))
    assert found["names"] == ["march", "april"] and found["drift"] is True and found["leaks"] is False


def test_the_rows_that_drive_it_are_shown_with_their_values(drifted):
    fewer, more = drifted.joint.drivers
    assert (fewer.table, more.table) == ("march", "april")
    odd = [row for row in more.rows if row.values["weight"] == "9" and row.values["price"] == "1"]
    assert len(odd) == len(more.rows) and all(row.times > 3 for row in odd)
    assert {row.values["customer"].split("-")[0] for row in odd} == {"customer 1"}
    places = [int(row.place.split()[1]) for row in odd]  # rows of a DataFrame count from 0
    assert max(places) < 60 and odd[0].values["customer"] == f"customer 1-{places[0]}"
    assert more.share > 0.04 and more.other_interval[1] < more.share / 2
    text = str(drifted)
    assert "Rows in april that march has fewer of" in text
    assert (
        json.loads(json.dumps(drifted.to_dict()))["joint"]["drivers"][1]["rows"][0]["values"]["weight"] == "9"
    )


def test_it_ends_with_one_sentence_that_says_it_all(drifted):
    last = str(drifted).splitlines()[-1]
    assert last == drifted.conclusion and last.count(". ") == 0
    assert "april differs" in last and "price" in last
    same = quiet(orders(0), orders(2), drift=True, names=("march", "april"))
    assert not same.differs and not same.joint.drivers
    assert same.conclusion.startswith("In short: no difference between april and march was found")


def test_every_number_has_an_interval(drifted):
    for one in drifted.columns:
        if one.kind != "identifier":
            assert one.interval[0] <= one.divergence <= one.interval[1] and one.lower_bound <= one.interval[1]
            assert one.accuracy_interval[0] <= one.accuracy <= one.accuracy_interval[1]
    for one in drifted.pairs:
        assert one.real_interval[0] <= one.real <= one.real_interval[1] and one.interval[0] < one.interval[1]
        assert one.synthetic_interval[0] < one.synthetic_interval[1]
        assert one.divergence_interval[0] <= one.divergence <= one.divergence_interval[1]


def test_separated_tables_are_far_apart_and_never_near():
    random = np.random.default_rng(0)
    for k in (1, 10):  # disjoint words and a column of noise
        tables = [
            {"word": [f"{side}{i}" for i in random.integers(0, k, 500)], "noise": random.normal(size=500)}
            for side in "ab"
        ]
        found = quiet(*tables, drift=True)
        assert found.verdict[1].startswith("Far apart: "), found.verdict
        assert found.joint.synthetic.lower_bound > 1 and found.joint.synthetic.accuracy > 0.99
        assert "almost completely" in found.conclusion and "word" in found.conclusion
        assert any("--drop word" in line for line in found.verdict)


def test_a_whole_is_held_to_what_its_parts_show(drifted):
    from dataclasses import replace

    from fgan.auditing.consistency import held_to_parts

    blind = replace(drifted.joint.synthetic, value=0.0, interval=(0.0, 0.001), lower_bound=0.0)
    joint = held_to_parts(
        replace(drifted.joint, synthetic=blind, corrected=1.0), drifted.columns, drifted.pairs
    )
    least = max(one.lower_bound or 0 for one in (*drifted.columns, *drifted.pairs))
    assert (
        joint.missed and joint.differs and joint.synthetic.value == joint.synthetic.lower_bound == least > 0
    )
    said = replace(drifted, joint=joint)
    assert "the classifier missed it" in said.verdict[1] and joint.synthetic.shown_by in said.conclusion
    assert said.joint.synthetic.interval == (least, pytest.approx(2 * np.log(2)))
    near = replace(drifted.joint.synthetic, lower_bound=0.0)
    held = held_to_parts(replace(drifted.joint, synthetic=near), drifted.columns, drifted.pairs)
    assert (
        not held.missed
        and held.synthetic.lower_bound == least
        and "alone shows" in str(replace(said, joint=held))
    )


def test_bounds_of_pairs_hold_and_see_a_lost_relation():
    random = np.random.default_rng(0)
    x = random.normal(size=(2, 2000))
    whole = [np.stack([one, one + 0.5 * random.normal(size=2000)], 1) for one in x]
    (alike,) = quiet(*whole).pairs
    assert alike.lower_bound == 0 and alike.divergence < 0.02
    whole[1][:, 1] = random.permutation(whole[1][:, 1])
    found = quiet(*whole)
    (lost,) = found.pairs
    assert 0.15 < lost.lower_bound < lost.divergence < found.joint.synthetic.interval[1]


def test_rows_of_a_table_without_repeats_are_told_from_copies_by_held_out_rows_only():
    every = pd.DataFrame(
        [(a, b, c) for a in "abcd" for b in "efgh" for c in "ijklmn"], columns=["x", "y", "z"]
    )
    random = np.random.default_rng(0)
    fresh = every.iloc[random.integers(0, len(every), 600)]
    found = quiet(every, fresh)  # each possible row once: every honest row equals one
    assert found.privacy.undecided and not found.leaks
    assert any("chance cannot be told from copying" in line for line in found.verdict)
    assert "cannot be told without held-out rows" in found.conclusion


def test_a_period_that_was_exported_twice_is_told():
    march = orders(0)
    found = quiet(march, march.assign(customer=[f"again {k}" for k in range(len(march))]), drift=True)
    assert any("600 of 600 after rows equal a before row" in line for line in found.verdict)


def test_names_and_periods_that_cannot_be_are_refused(tmp_path):
    with pytest.raises(FganError, match="two different words"):
        quiet(orders(0), orders(1), names=("march", "march"))
    with pytest.raises(DataError, match="held-out judges a generator"):
        quiet(orders(0), orders(1), held_out=orders(2), drift=True)
    with pytest.raises(DataError, match=r'no column "wight".*Did you mean "weight"'):
        quiet(orders(0), orders(1), columns=["wight"])


def test_files_are_read_as_said_and_name_the_periods(tmp_path):
    for seed, name in enumerate(("march", "april")):
        orders(seed, 200).to_csv(tmp_path / f"{name}.csv", index=False, sep=";", decimal=",")
    options = fgan.LoadOptions(
        table=fgan.load_options.TableOptions(separator="semicolon", decimal="comma", drop="customer")
    )
    found = quiet(tmp_path / "march.csv", tmp_path / "april.csv", drift=True, options=options)
    assert found.names == ("march", "april") and [one.name for one in found.columns] == [
        "weight",
        "price",
        "land",
    ]
    again = quiet(tmp_path / "march.csv", tmp_path / "april.csv", drift=True, drop=["customer"])
    assert again.to_dict()["columns"] == found.to_dict()["columns"]
