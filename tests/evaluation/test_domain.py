"""A number outside its domain says so, in the result, its text and its JSON."""

import json
import math
import re

import numpy as np
import pytest
import torch

import fgan
from fgan import memory
from fgan.data import Dataset, Frame, TensorSource
from fgan.errors import FganError, MemoryLimitError
from fgan.evaluation import evaluate, judge_for
from fgan.evaluation.classes import class_coverage, classifier_score
from fgan.evaluation.copying import closeness, near_copies
from fgan.evaluation.kernel import kernel_distance
from fgan.evaluation.neighbours import precision_recall
from fgan.evaluation.parzen import log_likelihood
from fgan.evaluation.result import Evaluation
from fgan.evaluation.streaming import PrecisionRecallDensityCoverage
from fgan.evaluation.two_sample import classifier_accuracy

SHARES = ("precision", "recall", "density", "coverage")


def random(seed=0):
    return torch.Generator().manual_seed(seed)


def of_vectors(x, held_out=100, name="mine"):
    return Dataset(name, Frame(x.shape[1:]), TensorSource(x[held_out:]), TensorSource(x[:held_out]))


@pytest.fixture(scope="module")
def sprites():
    """40 pictures, drawn again and again, and noise."""
    few = torch.randint(0, 2, (40, 1, 8, 8), generator=random()).to(torch.uint8) * 255
    drawn = few[torch.randint(0, 40, (1200,), generator=random(1))]
    data = Dataset(
        "sprites", Frame.of_images((1, 8, 8)), TensorSource(drawn[120:]), TensorSource(drawn[:120])
    )
    noise = torch.randint(0, 2, (500, 1, 8, 8), generator=random(2)).to(torch.uint8) * 255
    return data, noise, few


def test_repeated_pictures_leave_no_plain_share_of_neighbourhoods(sprites):
    data, noise, _ = sprites
    found = evaluate(noise, data, metrics="prdc,kid", n=500, extractor="pixels")
    for name in SHARES:
        assert not found[name].usable, name
        assert any(
            "their neighbourhood is empty" in text and "of 500 real samples" in text
            for text in found[name].caveats
        )
        assert found[name].text().startswith("unusable")
    assert found["kid"].usable and not found["kid"].caveats
    table, values = found.table(), json.loads(found.to_json())
    assert "precision, recall, density, coverage (unusable): " in table and "neighbourhood is empty" in table
    assert values["metrics"]["recall"]["usable"] is False and values["metrics"]["recall"]["caveats"]
    assert Evaluation.from_dict(values) == found


def test_repeated_samples_leave_no_recall_but_the_others(sprites):
    x = torch.randn(400, 3, generator=random())
    found = precision_recall(x[:200][torch.arange(200) % 20], x[200:])
    assert [name for name in SHARES if not found[name].usable] == ["recall"]
    assert "200 of 200 samples have" in found["recall"].caveats[0].text


@pytest.mark.parametrize("n", [300, 1080, pytest.param(2003, marks=pytest.mark.slow)])
def test_every_radius_of_often_repeated_samples_is_0(n):
    few = torch.randn(20, 64, generator=random())
    found = precision_recall(torch.randn(100, 64, generator=random(1)), few[torch.arange(n) % 20])
    assert f"{n} of {n} real samples have at least" in found["precision"].caveats[0].text
    digits = fgan.load_data("digits")
    repeated = digits.train.values[torch.arange(n) % 20]  # type: ignore[union-attr]
    # Features of the same picture may differ in their last bits from those in a larger batch.
    data = Dataset("digits", digits.frame, TensorSource(repeated), TensorSource(repeated[:30]))
    shares = evaluate(
        torch.rand(100, 1, 8, 8), data, metrics="prdc", reference="train", batch_size=31, cache=False
    )
    assert f"{n} of {n} real samples have at least" in shares["precision"].caveats[0]


def test_a_few_repeated_samples_are_counted_and_the_numbers_stay():
    x, y = torch.randn(2, 400, 3, generator=random())
    y[:8] = y[0]
    found = precision_recall(x, y)
    assert all(
        found[name].usable and "8 of 400 real samples have" in found[name].caveats[0].text for name in SHARES
    )
    assert not any(
        one.caveats for one in precision_recall(x, torch.randn(400, 3, generator=random(9))).values()
    )


def test_a_stream_warns_and_gives_no_number_that_says_nothing():
    metric = PrecisionRecallDensityCoverage()
    metric.update(torch.randn(100, 2, generator=random()), real=False)
    metric.update(torch.zeros(100, 2), real=True)
    with pytest.warns(UserWarning, match="precision: 100 of 100 real samples have at least"):
        assert math.isnan(metric.compute()["recall"])


def test_a_judge_gives_none_for_a_number_that_says_nothing_and_why(sprites):
    data, noise, _ = sprites
    found = judge_for(data, ("recall", "kid"), 400, "cpu", print)(noise / 255)
    assert found["recall"] is None and isinstance(found["kid"], float)
    why = str(found["evaluation_error"])
    assert "recall is unusable: " in why and "duplicates" in why


@pytest.mark.parametrize("fixed", [1, 2, 4])
def test_features_that_do_not_vary_are_counted(fixed):
    x, y = torch.randn(300, 5, generator=random()), torch.randn(150, 5, generator=random(1))
    x[:, :fixed] = 1.5
    verb = "is" if fixed == 1 else "are"
    found = evaluate(y, of_vectors(x), metrics="fid,kid,c2st")
    for name in ("fid", "kid", "c2st"):
        text = f"{fixed} of 5 features {verb} constant in the real samples, but {fixed} of them vary in the samples"
        assert text in found[name].caveats
    y[:, :fixed] = 1.5
    assert (
        f"{fixed} of 5 features {verb} constant in the real samples"
        in evaluate(y, of_vectors(x), metrics="fid")["fid"].caveats
    )


def test_features_that_tell_nothing_make_no_perfect_score():
    found = evaluate(
        torch.rand(90, 1, 8, 8), "digits", metrics="fid,kid,c2st", extractor=lambda x: torch.ones(len(x), 3)
    )
    assert not any(one.usable for one in found.metrics.values())


@pytest.mark.parametrize(
    ("factor", "what"), [(math.nan, "NaN or infinite"), (math.inf, "NaN"), (1e30, r"1e\+30")]
)
def test_features_that_are_no_numbers_are_refused(factor, what):
    with pytest.raises(FganError, match=f"features must be finite.*{what}"):
        evaluate(
            torch.ones(90, 1, 8, 8), "digits", metrics="kid", extractor=lambda x: x.sign().flatten(1) * factor
        )


def test_fewer_samples_than_classes_are_said():
    logits = torch.randn(60, 100, generator=random())
    found = class_coverage(logits, logits) | {"is": classifier_score(logits)}
    for name in ("modes", "modes-kl", "is"):
        assert [one.text for one in found[name].caveats] == ["60 samples cannot cover all of 100 classes"], (
            name
        )
    many = torch.randn(200, 100, generator=random())
    assert not any(one.caveats for one in class_coverage(many, many).values())


def test_one_class_is_said():
    one = 9 * torch.eye(3)[torch.zeros(40, dtype=torch.int64)]
    assert [caveat.text for caveat in classifier_score(one).caveats] == ["all samples belong to one class"]
    assert not classifier_score(one[:, :1]).usable
    assert [found.text for found in class_coverage(one, one)["modes-kl"].caveats] == [
        "the real samples cover only 1 of 3 classes"
    ]
    digits = fgan.load_data("digits")
    assert isinstance(digits.train, TensorSource) and digits.train.labels is not None
    ones = digits.train.values[digits.train.labels == 1]
    single = Dataset("digits", digits.frame, TensorSource(ones[40:]), TensorSource(ones[:40]))
    found = evaluate(digits.held_out.draw(60, random()), single, metrics="is")  # type: ignore[union-attr]
    # The network takes a few ones for something else, or none.
    assert found["is"].usable == (found["is"].floor is not None and found["is"].floor.value > 1.0001)


def test_copies_of_repeated_data_are_not_taken_for_copying(sprites):
    data, _, few = sprites
    found = evaluate(few[torch.randint(0, 40, (300,), generator=random(5))], data, metrics="copying", n=300)
    assert not any(found[name].usable for name in ("closer-to-training", "near-copies", "exact-copies"))
    assert "120 of 120 unseen real samples are also in the training set" in found["exact-copies"].caveats[0]
    one_in_fifty = torch.ones(50).index_fill(0, torch.tensor([3]), 0.0)
    assert closeness(torch.ones(30), one_in_fifty).usable and closeness(torch.ones(30), one_in_fifty).caveats
    assert "too few for the 1% threshold" in near_copies(torch.ones(30), torch.ones(50)).caveats[0].text


def test_a_density_without_a_best_bandwidth_says_nothing(sprites):
    _, noise, few = sprites
    x = few.flatten(1) / 255
    assert not log_likelihood(x.repeat(5, 1), x, x)[0].usable
    assert not log_likelihood(x[:1].repeat(50, 1), x, x)[0].usable
    assert log_likelihood(noise.flatten(1) / 255, x, x)[0].usable


@pytest.mark.parametrize("n", [2.5, "100", True, None])
def test_a_number_of_samples_is_a_whole_number(n):
    with pytest.raises(FganError, match=r"--n must be a whole number \(n= in Python\); got"):
        evaluate(torch.rand(50, 2), "ring8", n=n)
    assert evaluate(torch.rand(50, 2), "ring8", metrics="modes", n=np.int64(30)).n == 30


@pytest.mark.parametrize(
    ("metric", "compute"),
    [
        ("kid", lambda x: kernel_distance(x, x)),
        ("prdc", lambda x: precision_recall(x, x)),
        ("kde", lambda x: log_likelihood(x, x, x)),
        ("c2st", lambda x: classifier_accuracy(x, x)),
    ],
)
def test_memory_is_asked_for_before_it_is_taken(metric, compute, monkeypatch):
    monkeypatch.setattr(memory, "free_memory", lambda device="cpu": 10**8)
    with pytest.raises(MemoryLimitError, match=rf"^{metric} of 50,000 against 50,000 .*0\.1 GB are free"):
        compute(torch.zeros(1, 1).expand(50_000, 5_000))


def test_a_metric_that_does_not_fit_is_left_out_unless_it_was_asked_for(monkeypatch):
    x = torch.randn(400, 3, generator=random())
    data, samples = of_vectors(x), torch.randn(200, 3, generator=random(1))
    # Enough for the features, and for products over pairs of 3 numbers, but for no bandwidth.
    monkeypatch.setattr(
        "fgan.evaluation.parzen.require_memory_of", lambda *rest: memory.require_memory(1e18, "kde", "Less.")
    )
    found = evaluate(samples, data)
    assert "kde" not in found.metrics and "needs 1e+09 GB of memory" in found.skipped["kde"]
    assert "kde: not computed, because it needs more memory" in found.table()
    with pytest.raises(MemoryLimitError, match="kde needs"):
        evaluate(samples, data, metrics="kde")


@pytest.mark.parametrize(
    ("samples", "real", "text"),
    [(30, 200, "50 samples (there are 30)"), (200, 40, "50 real samples (there are 40)")],
)
def test_what_too_few_samples_cannot_have_leaves_the_rest(samples, real, text):
    """Where all metrics are asked for, one that does not apply is left out, with the reason; alone it is refused."""
    random = torch.Generator().manual_seed(0)
    x, y = (torch.randn(count, 2, generator=random) for count in (samples, real))
    quiet = {"reference": "all", "say": lambda line: None}
    found = fgan.evaluate(x, y, **quiet)
    assert f"at least {text}" in found.skipped["divergences"] and "fid" in found.metrics
    with pytest.raises(FganError, match=re.escape(f'"divergences" needs at least {text}')):
        fgan.evaluate(x, y, metrics="divergences", **quiet)
