"""An audit says what is true of tables whose truth is known, and nothing else."""

import json

import numpy as np
import pandas as pd
import pytest

import fgan
from fgan.auditing.fields import read_fields
from fgan.auditing.names import Names
from fgan.auditing.pairs import compare_pairs
from fgan.errors import DataError, FganError

WORDS = np.array(["Oslo", "Rome", "Kyiv", "Lima"])


def table(seed, n=600):
    """Two numbers that hang together, and a column of each other sort."""
    random = np.random.default_rng(seed)
    x = random.normal(size=n)
    return pd.DataFrame(
        {
            "id": np.arange(n) + 1000 * seed,
            "name": [f"person {seed}-{k}" for k in random.permutation(n)],
            "x": x,
            "y": x + 0.5 * random.normal(size=n),
            "count": random.poisson(40, n),
            "city": WORDS[(x > 0) * 2 + random.integers(0, 2, n)],
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 300, n), "D"),
            "lacks": np.where(random.random(n) < 0.2, np.nan, random.exponential(size=n)),
            "same": np.ones(n),
        }
    )


def quiet(*tables, **more):
    return fgan.audit(*tables, say=lambda line: None, **more)


def differing(found):
    return {one.name for one in found.columns if one.differs}


@pytest.fixture(scope="module")
def real():
    return table(0)


@pytest.fixture(scope="module")
def alike(real):
    return quiet(real, table(1), held_out=table(2, 300), target="city")


def test_a_table_of_the_same_distribution_passes_and_is_useful(alike):
    assert not alike.differs and not alike.privacy.leaks
    assert alike.verdict[0] == "No significant difference found between the synthetic and the real table."
    assert alike.joint.synthetic.interval[0] == 0 and alike.joint.floor.interval[0] == 0
    assert abs(alike.joint.synthetic.accuracy - 0.5) < 0.06
    kinds = {one.name: one.kind for one in alike.columns}
    assert (
        kinds["id"] == kinds["name"] == "identifier"
        and kinds["day"] == "number"
        and kinds["city"] == "category"
    )
    use = alike.usefulness
    assert (
        use.synthetic.value > use.guess + 0.1 and use.difference.interval[0] < 0 < use.difference.interval[1]
    )
    near = alike.privacy.nearness
    assert near.expected == pytest.approx(2 / 3) and near.interval[0] < near.expected < near.interval[1]


def test_shuffled_columns_fail_in_their_pairs_alone_and_are_useless(real):
    random = np.random.default_rng(0)
    shuffled = table(1).apply(lambda column: random.permutation(column))
    found = quiet(real, shuffled, held_out=table(2, 300), target="y")
    assert found.joint.differs and not differing(found)
    assert {frozenset(one.columns) for one in found.pairs if one.differs} == {
        frozenset(("x", "y")), frozenset(("x", "city")), frozenset(("y", "city"))
    }  # fmt: skip
    pair = next(one for one in found.pairs if one.columns == ("x", "y"))
    assert pair.measure == "rank correlation" and pair.real > 0.8 and pair.interval[1] < -0.6
    assert found.usefulness.score == "R²" and found.usefulness.difference.interval[1] < 0


def test_each_damage_is_named_in_its_column_and_no_other(real):
    broken = table(1)
    broken.loc[:29, "city"] = "Atlantis"
    broken["y"] += 1
    broken["count"] = broken["count"] + 0.5
    broken.loc[:39, "day"] = pd.Timestamp("2031-05-05")
    broken.loc[:299, "lacks"] = np.nan
    broken["same"] = "one"
    found = quiet(real, broken)
    said = {one.name: "; ".join(one.findings) for one in found.columns if one.differs}
    assert set(said) == {"city", "y", "count", "day", "lacks", "same"}
    assert '"Atlantis" in 30 synthetic rows and no real row' in said["city"]
    assert "median: real" in said["y"] and "100% of the synthetic values are not" in said["count"]
    assert "40 synthetic values lie outside the real range 2024-01-01 to 2024-10-26" in said["day"]
    assert "missing cells" in said["lacks"] and "type changed: whole numbers in real, words" in said["same"]
    assert ("x", "y") not in {one.columns for one in found.pairs if one.differs}, "a shift is no relation"
    assert found.privacy.nearness is None and "pass --held-out" in str(found)


def test_copies_are_caught_and_counted(real):
    copied = table(1)
    copied.iloc[:120] = real.iloc[[*range(100), *range(20)]]
    found = quiet(real, copied, held_out=table(2)).privacy
    assert (
        not found.overlap
        and found.leaks
        and (found.copies.count, found.copies.distinct, found.copies.floor) == (120, 100, 0)
    )
    assert found.identifiers["name"].count == 120
    near = found.nearness  # half of the others are nearest to a real row too
    assert near.above_chance and near.share == pytest.approx(0.5 + 0.5 * 0.2, abs=0.05)


def test_rows_that_recur_in_the_data_are_no_copies():
    random = np.random.default_rng(0)
    few = [pd.DataFrame(random.integers(0, 3, (500, 2)).astype(str), columns=["a", "b"]) for _ in range(2)]
    found = quiet(*few)
    assert found.privacy.copies.share == 1 and not found.privacy.leaks and not found.differs
    assert found.joint.synthetic.method == "discrete"


def test_copies_with_noise_are_near_whatever_far_cells_and_point_masses_there_are():
    def tall(seed, n):
        random = np.random.default_rng(seed)
        mass = np.where(random.random(n) < 0.9, 0, random.standard_t(1.1, n))
        return {"mass": mass, "x": random.normal(size=n), "y": random.normal(size=n)}

    real, unseen = tall(0, 200), tall(1, 200)
    random = np.random.default_rng(2)
    noisy = {name: cells + (cells != 0) * 0.001 * random.normal(size=200) for name, cells in real.items()}
    near = quiet(real, noisy, held_out=unseen).privacy.nearness
    assert near.share > 0.95 and near.above_chance
    near = quiet(real, unseen, held_out=unseen).privacy.nearness
    assert near.share < 0.05 and not near.above_chance


def test_what_chance_brings_is_no_difference_and_no_leak():
    random = np.random.default_rng(0)
    words = [f"w{k}" for k in random.zipf(1.4, 300)]  # more than a critic can hold, the larger table has most
    whole = np.arange(300) % 70 + 0.5 * (np.arange(300) == 299)  # one fraction, in the synthetic table
    ids = [f"person {k}" for k in range(299)] + ["person 298"]
    lone = np.where(np.arange(300) == 299, 1.0, np.nan)
    made = pd.DataFrame({"words": words, "whole": whole, "id": ids, "lone": lone})
    made["id"] = np.where(made.index < 100, "first " + made["id"], made["id"])
    found = quiet(made[:100], made[100:])
    assert not found.differs and not found.privacy.leaks, found
    assert {one.name: one.kind for one in found.columns}["id"] == "identifier"


def test_rare_words_alone_make_no_divergence_and_a_new_one_no_other_association():
    def zipf(seed):
        random = np.random.default_rng(seed)
        x = random.normal(size=1000)
        return pd.DataFrame(
            {"x": x, "side": (x > 0).astype(str), "word": [f"w{k}" for k in random.zipf(1.8, 1000)]}
        )

    made = zipf(1)
    made.loc[:5, "side"] = ["north", "east", "south", "west", "up", "down"]
    found = quiet(zipf(0), made)
    word = next(one for one in found.columns if one.name == "word")
    assert not word.differs and word.interval[0] < 0.005 and word.divergence < 0.02
    pair = next(one for one in found.pairs if one.columns == ("x", "side"))
    assert abs(pair.difference) < 0.05


def test_bins_that_chance_moves_make_no_pair_differ():
    def sharp(seed, n):
        x = np.random.default_rng(seed).normal(size=n)
        return pd.DataFrame({"x": x, "side": np.where(x > 0, "right", "left")})

    for sizes in ((100, 1000), (400, 400)):  # an edge of bins lies in the middle, where the words change
        tables = [[sharp(2 * k + side, n) for side, n in enumerate(sizes)] for k in range(10)]
        read = [read_fields(some, None, "keep", None, 0, Names()) for some in tables]
        assert sum(compare_pairs(some, fgan.divergence("js"), 0)[0].differs for some in read) <= 1


def test_a_column_that_is_empty_in_a_file_is_compared(tmp_path):
    made = pd.DataFrame(np.random.default_rng(0).normal(size=(200, 2)), columns=["x", "y"])
    made[:100].to_csv(tmp_path / "real.csv", index=False)
    made[100:].assign(y=np.nan).to_csv(tmp_path / "made.csv", index=False)
    assert differing(quiet(tmp_path / "real.csv", tmp_path / "made.csv")) == {"y"}


def test_a_generator_of_frequent_rows_alone_copies_none():
    def survey(seed, p):
        return pd.DataFrame(np.random.default_rng(seed).random((500, 8)) < p).add_prefix("a").astype(str)

    modes = survey(1, 0.95)
    found = [quiet(survey(0, 0.7), modes, **more) for more in ({}, {"held_out": survey(2, 0.7)})]
    for one in found:
        assert one.differs and one.privacy.copies.share > one.privacy.copies.floor + 0.1
        assert not one.privacy.leaks


def test_held_out_rows_that_the_generator_saw_and_targets_without_an_answer_are_told(real):
    same = real.assign(same=1.0)
    found = quiet(same, table(1), held_out=pd.concat([same[:60], table(2, 200)]), target="same")
    assert found.privacy.overlap and any("60 of 260 held-out rows equal" in line for line in found.verdict)
    assert any("all held-out rows have the same same" in line for line in found.verdict)
    noise = {name: np.random.default_rng(k).normal(size=(200, 2)) for k, name in enumerate(("a", "b", "c"))}
    found = quiet(noise["a"], noise["b"], held_out=noise["c"], target="column 0")
    assert "do not predict column 0 better than a constant" in str(found)


def test_what_chance_explains_is_no_difference_and_no_leak():
    """Few rows of many possible ones are whole, without repeats, or of all words by chance."""
    random = np.random.default_rng(5)

    def survey(n):
        codes = [f"code {k:03d}" for k in random.zipf(1.5, n).clip(max=400)]
        return pd.DataFrame(
            {
                "code": codes,
                "hours": np.where(random.random(n) < 0.004, 1.5, random.integers(1, 9, n)),
                "answer": random.choice(["yes", "no"], n, p=[0.9, 0.1]),
            }
        )

    real = survey(150)
    real["hours"] = real["hours"].round().astype(int)
    found = quiet(real, survey(4000))
    assert not differing(found) and not found.privacy.leaks
    far = survey(400).assign(hours=1e12)
    assert "hours" in differing(quiet(survey(400), far))


def test_what_cannot_be_compared_is_refused(real, tmp_path):
    with pytest.raises(DataError, match='"city" is in real only'):
        quiet(real, table(1).drop(columns="city"))
    with pytest.raises(DataError, match=r"at least 50 rows per table.* real has 20"):
        quiet(real[:20], real)
    with pytest.raises(DataError, match="--held-out"):
        quiet(real, real, target="city")
    with pytest.raises(DataError, match='"name" is an identifier'):
        quiet(real, real, held_out=real, target="name")
    with pytest.raises(DataError, match='held-out columns must have the same type as real ones; "same"'):
        quiet(real, real, held_out=real.assign(same="one"))
    with pytest.raises(DataError, match="mnist is not one"):
        quiet(real, "mnist")
    with pytest.raises(DataError, match="infinite"):
        quiet(real, real.assign(x=np.inf))
    with pytest.raises(FganError, match="divergence"):
        quiet(real, real, divergence="no such")


def test_text_json_and_page_say_all_of_it(alike):
    text, page = str(alike), alike.to_html()
    for heading in (
        "All columns together",
        "Columns",
        "Pairs of columns",
        "Usefulness: predicting city",
        "Privacy",
    ):
        assert f"\n{heading}\n" in text and heading in page
    assert "do not show differential privacy" in text and "data:image/png" in page
    found = json.loads(json.dumps(alike.to_dict(), allow_nan=False))
    assert len(found["columns"]) == 9 and len(found["pairs"]) == 15 and found["differs"] is False
    assert found["joint"]["floor"]["n"] == [600, 300] and found["usefulness"]["target"] == "city"


@pytest.mark.slow
def test_perfect_tables_are_found_to_differ_as_rarely_as_is_said():
    def heavy(seed):
        random = np.random.default_rng(seed)
        made = table(seed, 250)[["x", "y", "count", "city", "lacks"]]
        rare = [f"w{k}" for k in random.zipf(1.8, 250)]
        return made.assign(rare=rare, heavy=random.standard_t(1.5, 250))

    found = [quiet(heavy(3 * k), heavy(3 * k + 1), held_out=heavy(3 * k + 2), seed=k) for k in range(40)]
    assert sum(one.differs for one in found) <= 6  # of 40 at most 2 are expected: 7 have a chance of 0.3%
    assert sum(one.privacy.leaks for one in found) <= 6


def test_large_tables_are_compared_by_a_sample_that_is_said(monkeypatch):
    monkeypatch.setattr("fgan.auditing.joint.MOST_ROWS", 300)
    random = np.random.default_rng(0)
    sides = [
        pd.DataFrame({"row": [f"{side}-{k}" for k in range(n)], "x": random.normal(size=n)})
        for side, n in ((0, 700), (1, 250))
    ]
    sides[1]["x"] += 2
    found = quiet(*sides)
    assert found.joint.synthetic.n == (300, 250) and found.joint.floor.n == (300, 300)
    assert found.joint.sample in str(found) and "300 of 700 real rows, chosen" in found.joint.sample
    assert found.differs and found.rows == (700, 250)
    for driver, side in zip(found.joint.drivers, sides, strict=True):
        for row in driver.rows:  # a row that is shown is the one that stands there
            place = int(row.place.split()[-1])
            assert row.values["row"] == side["row"][place], (row, place)
    assert quiet(sides[1], sides[1].assign(x=random.normal(size=250))).joint.sample == ""
