"""The chart of precision against recall: a curve and a band for each run that has them."""

from types import SimpleNamespace

import pytest
import torch

import fgan
import fgan.evaluation
from fgan.reporting.html.frontiers import frontier_chart


def run(name: str, evaluation: fgan.evaluation.Evaluation | None) -> SimpleNamespace:
    config = SimpleNamespace(seed=0)
    return SimpleNamespace(name=name, group="js", game="js", config=config, evaluation=evaluation)


@pytest.fixture(scope="module")
def judged():
    samples = fgan.load_data("ring8").train.draw(200, torch.Generator().manual_seed(1))
    return fgan.evaluate(samples, "ring8", metrics="frontier,fid", n=200)


def test_each_judged_run_has_a_curve_and_a_band(judged):
    chart = frontier_chart([run("a", judged), run("b", None), run("c", judged)], {"js": "#3b82f6"})
    assert chart is not None
    names = [trace["name"] for trace in chart.traces]
    assert names == ["a", "c", "real samples", "a", "c"], "bands lie below the curves"
    for trace in chart.traces:
        assert len(trace["x"]) == len(trace["y"]) and all(
            0 <= one <= 1.001 for one in trace["x"] + trace["y"]
        )
    assert chart.traces[0]["fill"] == "toself" and chart.traces[-1]["meta"] == {"group": "js", "seed": 0}


def test_there_is_no_chart_without_a_curve():
    assert frontier_chart([run("a", None)], {"js": "#3b82f6"}) is None
