import base64
import dataclasses
import html
import io
import json
import re
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

import fgan
from fgan.data import draw_samples
from fgan.errors import FganError
from fgan.experiments.train import train
from fgan.reporting.html import page as pages
from fgan.reporting.html import write_report
from fgan.reporting.html.charts import NUMBERS, thinned
from fgan.reporting.html.colours import colours
from fgan.reporting.html.gather import gather
from fgan.reporting.html.grids import BYTES, first_of_each, grids
from fgan.training.config import TrainConfig
from fgan.training.run_directory import RunDirectory
from fgan.visible import visible

LIMIT = 8_000_000


def written(directories, tmp_path, **options):
    """Return what is said, and the page without Plotly's script."""
    said = []
    report = write_report(directories, tmp_path / "page.html", say=said.append, **options)
    assert report.size == report.path.stat().st_size < LIMIT
    text = report.path.read_text(encoding="utf-8")
    first, _, rest = text.partition("<script>/**")
    return said, first + rest.partition("</script>")[2]


def payload(text):
    return json.loads(re.search(r'id="page-data">(.*?)</script>', text, re.DOTALL)[1])


@pytest.fixture
def copy(comparison, tmp_path):
    """The comparison, to be damaged."""
    return shutil.copytree(comparison, tmp_path / "copy")


def test_a_comparison_is_shown_with_everything_and_the_same_bytes_each_time(comparison, tmp_path):
    said, text = written([comparison], tmp_path)
    assert said == []
    for heading in ("samples", "ranking", "numbers", "trade-off", "curves", "divergences", "repeat"):
        assert f'<section id="{heading}">' in text
    first = (tmp_path / "page.html").read_bytes()
    written([comparison], tmp_path)
    assert (tmp_path / "page.html").read_bytes() == first
    again = fgan.report(fgan.load(comparison), out=tmp_path / "again.html", say=said.append)
    assert again.read_bytes() == first and said == []


def test_tables_hold_the_numbers_of_the_evaluations_and_the_ranking(comparison, tmp_path):
    _, text = written([comparison], tmp_path)
    ranking = json.loads((comparison / "ranking.json").read_text())
    cells = {
        float(value) for value in re.findall(r'<td data-value="([^"]+)"', text) if value[0] in "-0123456789"
    }
    for place in ranking["places"]:
        assert {found["value"] for found in place["metrics"].values()} <= cells
    for name in ("kl-seed0", "js-seed1"):
        metrics = json.loads((comparison / name / "evaluation.json").read_text())["metrics"]
        assert {found["value"] for found in metrics.values()} <= cells
        assert {found["floor"]["value"] for found in metrics.values()} <= cells
        low, high = metrics["fid"]["low"], metrics["fid"]["high"]
        assert f"[{low:.4g}, {high:.4g}]" in text
    points = payload(text)["tradeOff"]["points"]
    assert [point["name"] for point in points if point["mean"]] == [
        place["group"] for place in ranking["places"]
    ]


def test_curves_are_what_was_logged(comparison, tmp_path):
    _, text = written([comparison], tmp_path)
    charts = payload(text)["charts"]
    logged = RunDirectory(comparison / "js-seed1").metrics()
    trace = next(trace for trace in charts["bound"]["traces"] if trace["name"] == "js-seed1")
    assert trace["y"] == pytest.approx([line["bound"] for line in logged], rel=1e-3)
    assert [trace["x0"] + k * trace["dx"] for k in range(len(logged))] == [line["step"] for line in logged]
    assert set(charts) >= set(logged[0]) - {"step", "near_edge"}


def test_a_divergence_has_one_colour_everywhere(comparison, tmp_path):
    _, text = written([comparison], tmp_path)
    found = payload(text)
    for name in ("kl", "js"):
        chips = set(
            re.findall(rf'data-value="{name}"[^>]*><span class="swatch" style="--colour: (#\w+)', text)
        )
        lines = {
            trace["line"]["color"]
            for key, chart in found["charts"].items()
            for trace in chart["traces"]
            if "line" in trace and trace["name"].split("-")[0] == name
        }
        points = {point["color"] for point in found["tradeOff"]["points"] if point["name"].startswith(name)}
        assert chips == lines == points and len(chips) == 1


def test_colours_are_told_apart_however_many():
    many = colours(f"name{k}" for k in range(40))
    assert len(set(many.values())) == 40 and all(re.fullmatch(r"#[0-9a-f]{6}", one) for one in many.values())


def test_every_run_is_given_the_same_latents(tmp_path):
    runs = []
    for name in ("kl", "js"):
        runs.append(tmp_path / name)
        config = TrainConfig(data="digits", divergence=name, steps=2, width=8, sample_every=0, device="cpu")
        train(config, runs[-1], say=lambda line: None, lines=False)
    _, text = written(runs, tmp_path, seed=3)
    assert "All runs get the same latents (seed 3)" in text
    pictures = re.findall(r'<img src="data:image/png;base64,([^"]+)"', text)
    expected = [draw_samples(RunDirectory(run).sample(64, seed=3), scale=1) for run in runs]
    for found, image in zip(pictures[1:], expected, strict=True):  # the first is of the data
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(base64.b64decode(found)))), np.asarray(image))


def test_a_conditional_run_has_a_row_for_each_class_with_its_name(tmp_path):
    config = TrainConfig(data="digits", conditional=True, steps=2, width=8, sample_every=0, device="cpu")
    train(config, tmp_path / "run", say=lambda line: None, lines=False)
    _, text = written([tmp_path / "run"], tmp_path)
    assert text.count('class="classes"') == 2 and "Each row is a class, each column one latent." in text
    assert re.findall(r'<span title="(\d)">', text) == [*"0123456789"] * 2  # the data, and the run
    pictures = re.findall(r'<img src="data:image/png;base64,([^"]+)"', text)
    sampler = RunDirectory(tmp_path / "run").sampler()
    rows = [sampler.samples(sampler.latents(8, 0), torch.full((8,), k), 8) for k in range(10)]
    expected = np.asarray(draw_samples(torch.cat(rows), columns=8, scale=1)).astype(int)
    found = np.asarray(Image.open(io.BytesIO(base64.b64decode(pictures[1])))).astype(int)
    assert np.abs(found - expected).max() <= 1  # batches of another size round differently


def test_the_generator_and_its_character_agree(comparison, tmp_path):
    _, text = written([comparison], tmp_path)
    row = next(row for row in re.findall(r"<tr data-groups.*?</tr>", text, re.S) if "reverse-kl" in row)
    assert ">kl<" in row and "Mode-seeking:" in row and "Mode-covering:" not in row
    saturating = tmp_path / "saturating"
    config = dataclasses.replace(RunDirectory(comparison / "kl-seed0").config(), generator_loss="saturating")
    train(config, saturating, say=lambda line: None, lines=False)
    _, text = written([saturating], tmp_path)
    row = next(row for row in re.findall(r"<tr data-groups.*?</tr>", text, re.S) if "u·log(u)" in row)
    assert "Mode-covering:" in row and "the critic's divergence" in html.unescape(row)


def test_runs_that_are_no_comparison_are_told_apart_by_what_differs(comparison, tmp_path):
    config = RunDirectory(comparison / "kl-seed0").config()
    train(dataclasses.replace(config, lr=0.01), tmp_path / "fast", say=lambda line: None, lines=False)
    found = gather([comparison / "kl-seed0", comparison / "js-seed0", tmp_path / "fast"])
    assert [run.group for run in found.runs] == ["kl lr=0.001", "js", "kl lr=0.01"]
    said, text = written([comparison / "kl-seed0", comparison / "js-seed0", tmp_path / "fast"], tmp_path)
    assert '<section id="ranking">' not in text and "dashed" in text
    assert any(line.startswith("fast: no evaluation") for line in said)


def test_one_run_of_each_is_no_mean(copy, tmp_path):
    shutil.rmtree(copy / "kl-seed1"), shutil.rmtree(copy / "js-seed1")
    ranking = json.loads((copy / "ranking.json").read_text())
    ranking["outcomes"] = {name: end for name, end in ranking["outcomes"].items() if "seed0" in name}
    ranking["places"] = [place | {"seeds": 1} for place in ranking["places"]]
    (copy / "ranking.json").write_text(json.dumps(ranking))
    _, text = written([copy], tmp_path)
    assert '<section id="ranking">' in text and "means over seeds" not in text.lower()
    assert "Every run" in text and "another seed may reverse the order" in text
    (copy / "ranking.json").write_text(json.dumps(ranking | {"places": []}))
    written([copy], tmp_path)


def damage(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def test_what_is_cut_short_or_missing_is_said_and_the_rest_is_shown(copy, tmp_path):
    damage(copy / "kl-seed0" / "metrics.jsonl")
    damage(copy / "kl-seed1" / "evaluation.json")
    shutil.rmtree(copy / "js-seed0" / "checkpoints")
    shutil.rmtree(copy / "js-seed1")
    outcomes = json.loads((copy / "ranking.json").read_text())
    outcomes["outcomes"]["js-seed0"] = {"state": "diverged", "reason": "the critic left the finite numbers"}
    (copy / "ranking.json").write_text(json.dumps(outcomes))
    said, text = written([copy], tmp_path)
    whole = "\n".join(said)
    for message in (
        r"kl-seed0: metrics\.jsonl: its last line is incomplete",
        r"kl-seed1: evaluation\.json is damaged",
        r"js-seed0: diverged at step 20 of 20 \(the critic left the finite numbers\)",
        r"js-seed0: no checkpoint to draw samples from",
        r"js-seed1: skipped: .* does not exist",
    ):
        assert re.search(message, whole), (message, whole)
    shown = html.unescape(text)
    assert all(line in shown for line in said)
    assert len(re.findall("<img ", text)) == 3  # the data, and two runs of kl
    assert {trace["name"] for trace in payload(text)["charts"]["bound"]["traces"]} == {
        "kl-seed0",
        "kl-seed1",
        "js-seed0",
    }


@pytest.mark.parametrize(
    "content", [None, "{", "[]", '{"places": [{"group": "kl"}], "outcomes": {}, "by": "fid"}']
)
def test_without_a_ranking_the_runs_are_shown(copy, tmp_path, content):
    (copy / "ranking.json").unlink()
    if content is not None:
        (copy / "ranking.json").write_text(content)
    said, text = written([copy], tmp_path)
    assert len(said) == 1 and "ranking" in said[0]
    assert '<section id="ranking">' not in text and "Means over seeds" in text


def test_names_cannot_smuggle_anything_into_the_page(copy, tmp_path):
    evil = tmp_path / '"><img src=x onerror=alert(1)>'
    shutil.move(copy / "kl-seed0", evil)
    line = {"step": 30, "</script><script>alert(2)//": 1.0}
    with (evil / "metrics.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")
    _, text = written([evil, copy / "js-seed0"], tmp_path)
    assert "<img src=x" not in text and "</script><script>alert" not in text
    assert evil.name in html.unescape(text)


def test_no_character_that_steers_a_terminal_is_left_in_the_page(copy, tmp_path):
    name = "run\x1b[2J\x7f\u202ename"
    shutil.move(copy / "kl-seed0", tmp_path / name)
    status = {"state": "diverged", "step": 20, "reason": "evil\x9b31m"}
    (tmp_path / name / "status.json").write_text(json.dumps(status))
    line = {"step": 30, "bound\x7f\u202e": 1.0}
    with (tmp_path / name / "metrics.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")
    said, text = written([tmp_path / name, copy / "js-seed0"], tmp_path)
    page, _, after = text.partition('<script type="application/json"')
    data = after.partition("</script>")[0]
    for part in (page, data, *said):
        assert visible(part) == part
    assert visible(name) in page and r"evil\u009b31m" in page
    assert all(visible(key) == key for key in json.loads(data.partition(">")[2])["charts"])


@pytest.mark.parametrize(
    ("directories", "message"),
    [
        ([], "name a run or a comparison to report on"),
        (["nowhere"], "nowhere does not exist"),
        (["unbegun"], "nothing to show yet.*neither a checkpoint nor a line of metrics"),
        (["copy/kl-seed0", "digits"], "must have the same data; got ring8, digits"),
        (["broken"], "comparison.json is not valid JSON"),
    ],
)
def test_mistakes_are_said_and_leave_no_file(copy, tmp_path, monkeypatch, directories, message):
    monkeypatch.chdir(tmp_path)
    for name, data in (("unbegun", "ring8"), ("digits", "digits")):
        RunDirectory(name).path.mkdir()
        RunDirectory(name).write_config(TrainConfig(data=data, steps=1))
    RunDirectory("digits").append("metrics", 1, {"bound": 0.5})
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "comparison.json").write_text("{")
    with pytest.raises(FganError, match=message):
        write_report(directories, "out.html")
    assert not (tmp_path / "out.html").exists()


def test_a_report_may_be_overwritten_and_nothing_else(comparison, tmp_path):
    with pytest.raises(FganError, match=r"must end in \.html"):
        write_report([comparison], tmp_path / "report.pdf")
    mine = tmp_path / "mine.html"
    mine.write_text("<!doctype html><p>mine</p>")
    with pytest.raises(FganError, match="no report of fgan"):
        write_report([comparison], mine)
    assert "mine" in mine.read_text()


def test_a_curve_keeps_its_mean_and_its_steps_when_it_is_thinned():
    steps, values = np.arange(1, 1001) * 10.0, np.random.default_rng(0).normal(size=1000)
    trace = thinned(steps, values, 100)
    assert len(trace["y"]) == 100 and (trace["x0"], trace["dx"]) == (100, 100)
    assert np.mean(trace["y"]) == pytest.approx(values.mean(), abs=1e-3)
    irregular = thinned(np.array([1.0, 2.0, 5.0]), np.array([1.0, np.nan, 3.0]), 3)
    assert irregular == {"y": [1.0, None, 3.0], "x": [1, 2, 5]}


@pytest.mark.slow
def test_thirty_long_runs_stay_small(comparison):
    found = gather([comparison])
    found.ranking = None
    lines = np.random.default_rng(0).normal(size=(13, 30_000))
    log = {"step": np.arange(1.0, 30_001), **{f"number{k}": line for k, line in enumerate(lines)}}
    one = found.runs[0]
    found.runs = [
        dataclasses.replace(one, name=f"run {k}", group=f"group {k}", metrics=log) for k in range(30)
    ]
    text = pages.render(found, None)
    assert len(text.encode()) < LIMIT
    numbers = sum(len(trace["y"]) for chart in payload(text)["charts"].values() for trace in chart["traces"])
    assert 0.5 * NUMBERS < numbers < 1.1 * NUMBERS


def test_pictures_stay_small_however_noisy():
    noise = torch.rand(64, 3, 128, 128)  # what compresses worst
    sampler = SimpleNamespace(sample=lambda n, seed: noise[:n], classes=[])
    directory = SimpleNamespace(sampler=lambda: sampler)
    runs = [
        SimpleNamespace(name=f"run {k}", step=1, group="a", game="kl", directory=directory) for k in range(10)
    ]
    drawn = grids(runs, None, {"kl": "#000000"}, 0)
    assert len(drawn.pictures) == 10 and drawn.of_images
    assert sum(len(picture.uri) for picture in drawn.pictures) < BYTES


def test_every_group_is_shown_before_more_of_one():
    runs = [SimpleNamespace(group=group, name=f"{group}{k}") for group in "ab" for k in range(3)]
    assert [run.name for run in first_of_each(runs)] == ["a0", "b0", "a1", "b1", "a2", "b2"]
