"""Several runs as one ensemble: each is the run it would have been alone."""

import dataclasses
import json

import pytest

import fgan
from fgan.errors import DivergedError, FganError
from fgan.experiments.train import judge_of
from fgan.training.ensemble import Ensemble
from fgan.training.memory import bytes_of_a_member, members_that_fit
from fgan.training.run import Job, train_together


def jobs_of(folder, configs):
    lines = {}

    def job(config):
        name = f"{config.divergence}-{config.seed}"
        lines[name] = []
        return Job(config, folder / name, lines[name].append)

    return [job(config) for config in configs], lines


def together(jobs):
    return train_together(jobs, fgan.load_data("ring8"), build_judge=judge_of)


def variants(base):
    return [dataclasses.replace(base, divergence=name, seed=seed) for name in ("kl", "js") for seed in (0, 1)]


def logged(path):
    lines = [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if value is not None} for line in lines]


def test_each_is_the_run_that_it_would_have_been_alone(small_config, tmp_path):
    jobs, lines = jobs_of(tmp_path, variants(small_config()))
    summaries = together(jobs)
    for job, summary in zip(jobs, summaries, strict=True):
        alone = fgan.train(job.config, tmp_path / "alone" / job.out.name, say=lambda line: None)
        assert logged(job.out) == [
            pytest.approx(line, rel=1e-3, abs=1e-4) for line in logged(tmp_path / "alone" / job.out.name)
        ]
        assert (summary.step, summary.run) == (40, str(job.out)) and summary.follows == alone.follows
        assert fgan.RunDirectory(job.out).checkpoints().steps() == [30, 40]
        assert (job.out / "samples" / "step-00000040.png").exists()
    assert any("follows reverse-kl" in line for line in lines["kl-0"])


@pytest.mark.slow
def test_runs_go_on_each_from_where_it_was(small_config, tmp_path):
    """Of four runs one is new, one was left at an earlier step, and two are done: all end as if never stopped."""
    configs = variants(small_config())
    whole, _ = jobs_of(tmp_path / "whole", configs)
    together(whole)
    jobs, _ = jobs_of(tmp_path / "parts", configs)
    short = dataclasses.replace(configs[1], steps=20)
    together([Job(short, jobs[1].out, print), *jobs[2:]])
    assert [summary.step for summary in together(jobs)] == [40] * 4
    for one, other in zip(whole, jobs, strict=True):
        assert logged(other.out) == [pytest.approx(line, rel=1e-3, abs=1e-4) for line in logged(one.out)]


@pytest.mark.slow
def test_one_that_leaves_the_finite_numbers_goes_back_alone(small_config, tmp_path, breaking):
    configs = variants(small_config())
    whole, _ = jobs_of(tmp_path / "whole", configs)
    together(whole)
    breaking(at=25, cured_by=1, seed=1)
    jobs, lines = jobs_of(tmp_path / "broken", configs)
    summaries = together(jobs)
    assert [(summary.backoffs, summary.step) for summary in summaries] == [(0, 40), (1, 40)] * 2
    assert any("back to step 20" in line for line in lines["kl-1"]) and not any(
        "back to" in line for line in lines["kl-0"]
    )
    for k in (0, 2):
        assert logged(jobs[k].out) == [
            pytest.approx(line, rel=1e-3, abs=1e-4) for line in logged(whole[k].out)
        ]


def test_one_that_fails_leaves_the_others(small_config, tmp_path, breaking):
    breaking(at=25, cured_by=9, seed=1)
    (tmp_path / "js-0").mkdir()
    (tmp_path / "js-0" / "file").write_text("mine")
    jobs, _ = jobs_of(tmp_path, variants(small_config()))
    kl, broken, taken, _ = together(jobs)
    assert kl.step == 40
    assert isinstance(broken, DivergedError) and "halved 3 times" in str(broken)
    assert isinstance(taken, FganError) and "js-0" in str(taken)


def test_memory_decides_how_many_train_as_one(small_config):
    data = fgan.load_data("ring8")
    small, large = (bytes_of_a_member(small_config(width=width), data) for width in (16, 512))
    parameters = sum(
        p.numel() for p in fgan.training.trainer.Trainer(small_config(width=512), data).critic.parameters
    )
    assert 4 * 4 * parameters < large < 400 * parameters and small < large
    assert members_that_fit(small_config(width=512), data, 1e-12) == 1
    assert (
        members_that_fit(small_config(width=16), data) > members_that_fit(small_config(width=512), data) > 10
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"divergence": "f(u) = u*log(u)"},
        {"penalties": "noise:0.1"},
        {"divergence": "jeffreys", "link": "log-ratio", "penalties": "gp:1,dragan:1,lecam:1"},
        {"objective": "tight", "divergence": "js"},
        {"objective": "reweighted", "divergence": "pearson"},
        {"generator_divergence": "f(u) = (u - 1)**2/u"},
    ],
    ids=str,
)
def test_memory_is_measured_whatever_is_differentiated(small_config, changes):
    data = fgan.load_data("ring8")
    assert bytes_of_a_member(small_config(**changes), data) == pytest.approx(
        bytes_of_a_member(small_config(), data), rel=0.5
    )


@pytest.mark.slow
def test_one_that_is_done_is_finished_before_others_take_their_steps(small_config, tmp_path, monkeypatch):
    """Whatever ends the others then leaves it alone. The last step is no regular one, so only finishing saves it."""
    configs = variants(small_config(steps=45))[:2]
    jobs, _ = jobs_of(tmp_path, configs)
    together([Job(dataclasses.replace(configs[0], steps=35), jobs[0].out, print)])
    step, seen = Ensemble.step, []

    def watched(self):
        if self.trainers[0].config.seed == 0 and not seen:
            seen.append(fgan.RunDirectory(jobs[1].out).checkpoints().steps()[-1])
        step(self)

    monkeypatch.setattr(Ensemble, "step", watched)
    summaries = together(jobs)
    assert seen == [45]
    assert [(one.step, one.stopped_by) for one in summaries] == [(45, None), (45, None)]
