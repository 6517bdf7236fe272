"""An audit says what is true of tables whose truth is known, and nothing else."""

import json

import numpy as np
import pandas as pd
import pytest

import fgan
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
    assert alike.verdict[0] == "No difference found between the synthetic and the real table."
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
    assert '"Atlantis" in no real row, in 30 synthetic ones' in said["city"]
    assert "the median is" in said["y"] and "100% of the synthetic ones are not" in said["count"]
    assert "40 synthetic values lie outside the real range, 2024-01-01 to 2024-10-26" in said["day"]
    assert (
        "real cells are missing" in said["lacks"]
        and "type changed: whole numbers in real, words" in said["same"]
    )
    assert ("x", "y") not in {one.columns for one in found.pairs if one.differs}, "a shift is no relation"
    assert found.privacy.nearness is None and "needs --held-out" in str(found)


def test_copies_are_caught_and_counted(real):
    copied = table(1)
    copied.iloc[:120] = real.iloc[[*range(100), *range(20)]]
    found = quiet(real, copied, held_out=table(2)).privacy
    assert found.leaks and (found.copies.count, found.copies.distinct, found.copies.floor) == (120, 100, 0)
    assert found.identifiers["name"].count == 120
    near = found.nearness  # half of the others are nearest to a real row too
    assert near.above_chance and near.share == pytest.approx(0.5 + 0.5 * 0.2, abs=0.05)


def test_rows_that_recur_in_the_data_are_no_copies():
    random = np.random.default_rng(0)
    few = [pd.DataFrame(random.integers(0, 3, (500, 2)).astype(str), columns=["a", "b"]) for _ in range(2)]
    found = quiet(*few)
    assert found.privacy.copies.share == 1 and not found.privacy.leaks and not found.differs
    assert found.joint.synthetic.method == "discrete"


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
    with pytest.raises(DataError, match='"city" is in real alone'):
        quiet(real, table(1).drop(columns="city"))
    with pytest.raises(DataError, match=r"at least 50 rows of each table.* real has 20"):
        quiet(real[:20], real)
    with pytest.raises(DataError, match="--held-out"):
        quiet(real, real, target="city")
    with pytest.raises(DataError, match='"name" is an identifier'):
        quiet(real, real, held_out=real, target="name")
    with pytest.raises(DataError, match='held-out rows are like the real ones; "same"'):
        quiet(real, real, held_out=real.assign(same="one"))
    with pytest.raises(DataError, match="is none"):
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
    assert "no differential privacy" in text and "data:image/png" in page
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
