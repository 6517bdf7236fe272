"""The paper's table of log-likelihoods, as a comparison."""

import pytest

from fgan.evaluation import Measurement
from fgan.evaluation.result import Range
from fgan.experiments.comparison import plan
from fgan.experiments.members import Outcome
from fgan.experiments.paper.mnist import DIVERGENCES, LikelihoodTable, recipe
from fgan.experiments.ranking import Place
from fgan.experiments.result import Comparison


def test_the_recipe_is_the_papers_as_far_as_it_goes():
    config = recipe()
    assert (config.lr, config.beta1, config.latent, config.depth) == (2e-4, 0.5, 100, 2)
    assert len(plan(config, DIVERGENCES, seeds=2)) == 16


@pytest.fixture
def table():
    members = tuple(plan(recipe(steps=10), ["kl", "neyman"]))
    floor = Range(480.0, 470.0, 490.0)
    place = Place("kl", 1, 1, (), {"kde": Measurement(400.0, 395.0, 405.0, floor, "higher")})
    outcomes = {"kl-seed0": Outcome("finished"), "neyman-seed0": Outcome("diverged", "a loss is NaN")}
    return LikelihoodTable(members, Comparison("here", "kde", [place], outcomes), published=True)


def test_what_was_measured_stands_beside_what_was_published(table):
    kl, neyman = table.to_list()
    assert (kl["kde"], kl["kde_interval"], kl["published"]) == (400.0, [395.0, 405.0], 416.0)
    assert kl["training_images"] == 480.0
    assert neyman["kde"] is None and neyman["published"] == 300.0
    assert neyman["outcomes"]["neyman-seed0"]["reason"] == "a loss is NaN"
    assert "400.0 [395.0, 405.0]" in table.text() and "416 ± 5.6" in table.text()
    assert "diverged" in table.text() and "502 ± 6.0" in table.text()


def test_other_images_have_no_published_numbers(table):
    other = LikelihoodTable(table.members, table.comparison, published=False)
    assert other.to_list()[0]["published"] is None
    assert "416" not in other.text() and "paper" not in other.text()
