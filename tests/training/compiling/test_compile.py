"""Compiled runs: they agree with called ones, resume to the same bits, start quickly again, and say what they lack."""

import dataclasses
import json
import os
import re
import signal
import subprocess
import sys

import pytest
import torch

import fgan
from fgan.errors import CompileError, FganError
from fgan.training.compiling import build, kept, program, worth
from fgan.training.compiling.program import Programs
from fgan.training.config import TrainConfig
from fgan.training.ensemble import Ensemble
from fgan.training.trainer import Trainer

needs_compiler = pytest.mark.skipif(build.compiler() is None, reason="no C++ compiler here")


def quiet(line):
    """Take no note."""


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FGAN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "programs"


def on_the_command_line(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "fgan", "train", "ring8", "--width", "16", "--batch-size", "16", *arguments],
        capture_output=True, text=True, timeout=600, env=os.environ | environment, check=False,
    )  # fmt: skip


@pytest.mark.slow
@needs_compiler
def test_a_compiled_run_resumes_to_the_same_bits_and_is_not_compiled_again(own_cache, tmp_path):
    flags = [
        "--compile",
        "on",
        "--penalties",
        "r1:0.2,lecam:0.1",
        "--log-every",
        "5",
        "--checkpoint-every",
        "10",
    ]
    whole = on_the_command_line(*flags, "--steps", "40", "--out", str(tmp_path / "whole"))
    assert whole.returncode == 0, whole.stderr
    assert "compiling the step" in whole.stdout and len(list(own_cache.glob("*.pt2"))) == 1
    parts = str(tmp_path / "parts")
    assert on_the_command_line(*flags, "--steps", "20", "--out", parts).returncode == 0
    again = on_the_command_line("--steps", "40", "--resume", "--out", parts)
    assert again.returncode == 0, again.stderr
    assert "compiling the step" not in again.stdout, "it is kept, whatever the number of steps"
    for name in (
        "metrics.jsonl",
        *(f"checkpoints/step-00000040/{who}.safetensors" for who in ("generator", "critic")),
    ):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "parts" / name).read_bytes(), name
    assert json.loads((tmp_path / "parts" / "config.json").read_text())["compile"] == "on"


@pytest.mark.slow
@needs_compiler
def test_compiled_steps_are_the_called_ones_in_float64(own_cache, small_config):
    torch.set_default_dtype(torch.float64)
    try:
        data = fgan.load_data("ring8")
        members = [("gan", 0), ("kl", 1), ("js", 1)]
        configs = [small_config(divergence=d, seed=s, penalties="r1:1,noise:0.1:fade=50") for d, s in members]
        called, compiled = (
            Ensemble(
                [Trainer(config.__class__(**{**vars(config), "compile": c}), data) for config in configs]
            )
            for c in ("off", "on")
        )
        for _ in range(100):
            called.step()
            compiled.step()
    finally:
        torch.set_default_dtype(torch.float32)
    for one, other in zip(called.whole.memory(), compiled.whole.memory(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


@pytest.mark.slow
@needs_compiler
@pytest.mark.parametrize(
    "changes",
    [
        {"objective": "tight"},
        {
            "network": "dcgan",
            "data": "digits",
            "width": 4,
            "conditional": True,
            "augment": "flip,color,translation,cutout",
        },
    ],
)
def test_iterations_and_convolutions_compile_too(changes, own_cache, small_config):
    changes = dict(changes)
    config = small_config(changes.pop("data", "ring8"), **changes)
    data = fgan.load_data(config.data)
    called, compiled = (
        Ensemble([Trainer(TrainConfig(**{**vars(config), "compile": c}), data)]) for c in ("off", "on")
    )
    for _ in range(10):
        called.step()
        compiled.step()
    for one, other in zip(called.whole.memory(), compiled.whole.memory(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)


@pytest.mark.slow
@needs_compiler
def test_a_step_of_coarse_products_compiles_too(own_cache, small_config):
    config = small_config("digits", network="dcgan", width=8, precision="bfloat16")
    data = fgan.load_data("digits")
    called, compiled = (Trainer(dataclasses.replace(config, compile=c), data) for c in ("off", "on"))
    for one in map(Ensemble, ([called], [compiled])):
        for _ in range(3):
            one.step()
    assert called.metrics() == pytest.approx(compiled.metrics(), rel=0.05, abs=0.02)


@pytest.mark.slow
@needs_compiler
def test_a_damaged_program_is_made_again(own_cache, small_config, tmp_path):
    config = small_config(compile="on", steps=5)
    fgan.train(config, tmp_path / "one", say=quiet)
    (program,) = own_cache.glob("*.pt2")
    program.write_bytes(program.read_bytes()[:1000])
    said = []
    fgan.train(config, tmp_path / "two", say=said.append)
    assert any("compiling" in line for line in said)
    assert (tmp_path / "one" / "metrics.jsonl").read_bytes() == (
        tmp_path / "two" / "metrics.jsonl"
    ).read_bytes()


def test_without_a_compiler(small_config, tmp_path, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(FganError, match=r'C\+\+ compiler.*CXX is "no-such-compiler".*--compile off'):
        fgan.train(small_config(compile="on"), tmp_path / "on", say=quiet)
    assert not (tmp_path / "on").exists()
    monkeypatch.setattr(worth, "_is_worth_it", lambda *asked: True)
    said = []
    fgan.train(small_config(steps=5), tmp_path / "auto", say=said.append)
    assert any("C++ compiler" in line for line in said)
    assert json.loads((tmp_path / "auto" / "config.json").read_text())["compile"] == "off"


def test_auto_is_settled_by_the_recipe_alone(small_config):
    data = fgan.load_data("ring8")
    chosen = {
        steps: worth.settled(fgan.preset("default", "ring8", device="cpu", steps=steps), data, quiet).compile
        for steps in (100, 1000, 1_000_000)
    }
    assert chosen == {100: "off", 1000: "off", 1_000_000: "on"}
    long = fgan.preset("default", "ring8", device="cpu", steps=1_000_000)
    assert (
        worth.settled(long, data, quiet, before=dataclasses.replace(long, compile="off")).compile == "off"
    ), "a run goes on as it began"
    said = []
    assert worth.settled(long, data, said.append, ranks=2).compile == "off" and not said
    assert (
        worth.settled(
            long, data, said.append, before=dataclasses.replace(long, compile="on"), ranks=2
        ).compile
        == "off"
        and len(said) == 1
    )
    short = small_config()
    assert worth.settled(short, data, quiet, before=dataclasses.replace(short, compile="on")).compile == "on"


def test_runs_from_before_there_were_programs_go_on_without():
    text = fgan.preset("default", "ring8").to_json()
    old = re.sub(r',\s*"compile": "auto"', "", text)
    assert old != text
    assert TrainConfig.from_json(old, "here").compile == "off"


def test_programs_are_told_from_one_another():
    x = [torch.zeros(3)]
    key = kept.key_of("recipe", ("R1",), x)
    assert key == kept.key_of("recipe", ("R1",), [torch.ones(3)])
    others = [
        kept.key_of("another", ("R1",), x),
        kept.key_of("recipe", (), x),
        kept.key_of("recipe", ("R1",), [torch.zeros(4)]),
        kept.key_of("recipe", ("R1",), [torch.zeros(3, dtype=torch.float64)]),
    ]
    assert len({key, *others}) == 5


@pytest.fixture
def broken_compiler(own_cache, tmp_path, monkeypatch):
    """A compiler that is there and fails, as one without OpenMP or on a full disk does."""
    compiler = tmp_path / "g++"
    compiler.write_text("#!/bin/sh\necho 'x.cpp:1: error: no such header' >&2\nexit 1\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("CXX", str(compiler))
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "inductor"))


def test_torch_is_told_of_whatever_compiler_there_is(tmp_path, monkeypatch):
    from torch._inductor import config, cpu_vec_isa
    from torch._inductor.cpp_builder import get_cpp_compiler

    monkeypatch.setattr(cpu_vec_isa, "valid_vec_isa_list", list)
    other = tmp_path / "c++"
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    before = config.cpp.cxx
    with build.quickly():
        assert get_cpp_compiler() == str(other)
    assert config.cpp.cxx == before


@pytest.mark.slow
def test_a_compiler_that_fails_ends_no_run_but_where_it_must_compile(broken_compiler, tmp_path):
    flags = ["--steps", "20", "--log-every", "10"]
    done = on_the_command_line(*flags, "--compile", "on", "--out", str(tmp_path / "on"))
    assert done.returncode == 2, done.stdout
    assert "cannot compile the step" in done.stderr and "--compile off" in done.stderr
    assert "Traceback" not in done.stderr
    assert json.loads((tmp_path / "on" / "status.json").read_text())["state"] == "failed"
    off = on_the_command_line(*flags, "--compile", "off", "--out", str(tmp_path / "off"))
    assert off.returncode == 0, off.stderr
    again = on_the_command_line(*flags, "--resume", "--compile", "off", "--out", str(tmp_path / "on"))
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "on" / "metrics.jsonl").read_bytes() == (
        tmp_path / "off" / "metrics.jsonl"
    ).read_bytes()


def test_what_auto_cannot_compile_is_called(small_config, monkeypatch):
    def fails(*given):
        raise RuntimeError("g++ ended\nx.cpp:1: error: no such header\n")

    monkeypatch.setattr(Programs, "_program", fails)
    data, said = fgan.load_data("ring8"), []
    called, other = (Trainer(small_config(compile=how), data) for how in ("off", "on"))
    Ensemble([called]).step()
    ensemble = Ensemble([other], said.append, must_compile=False)
    ensemble.step()
    assert other.metrics() == called.metrics(), "the same batch, not the next"
    assert other.config.compile == "off"
    assert "error: no such header" in said[0] and "without" in said[0]
    with pytest.raises(CompileError, match="--compile off"):
        Ensemble([Trainer(small_config(compile="on"), data)]).step()


def test_a_run_remembers_that_it_went_on_without(small_config, monkeypatch, tmp_path):
    def fails(*given):
        raise RuntimeError

    monkeypatch.setattr(Programs, "_program", fails)
    monkeypatch.setattr(worth, "_is_worth_it", lambda *given: True)
    summary = fgan.train(small_config(compile="auto", steps=4), out=tmp_path / "run", say=quiet)
    assert summary.steps == 4
    assert json.loads((tmp_path / "run" / "config.json").read_text())["compile"] == "off"
    with pytest.raises(CompileError):
        fgan.train(small_config(compile="on", steps=4), out=tmp_path / "must", say=quiet)
    assert json.loads((tmp_path / "must" / "status.json").read_text())["state"] == "failed"


def test_a_program_is_not_taken_by_a_processor_that_has_less(monkeypatch):
    kept._machine.cache_clear()
    here = kept.key_of("recipe", (), [torch.zeros(3)])
    monkeypatch.setattr(kept, "_instructions", lambda: "sse2")
    kept._machine.cache_clear()
    assert kept.key_of("recipe", (), [torch.zeros(3)]) != here
    kept._machine.cache_clear()


@pytest.mark.parametrize("programs_before", [0, 1])
def test_a_request_to_stop_ends_compiling_and_the_run_goes_on_to_the_same_bits(
    programs_before, small_config, tmp_path, monkeypatch
):
    made = []

    def interpreted(self, batches, due, names, inputs):
        if len(made) == programs_before and not (tmp_path / "parts" / "status.json").exists():
            signal.raise_signal(signal.SIGINT)
            raise AssertionError("goes on compiling")
        made.append(names)
        graph = program.traced(self.whole, batches, due, inputs)
        return lambda given: graph(*given)

    monkeypatch.setattr(Programs, "_program", interpreted)
    monkeypatch.setattr(worth, "_is_worth_it", lambda *given: True)
    config = small_config(compile="auto", steps=6, penalties="r1:1:every=3")
    summary = fgan.train(config, tmp_path / "parts", say=quiet)
    assert (summary.stopped_by, summary.step) == ("SIGINT", programs_before)
    assert json.loads((tmp_path / "parts" / "config.json").read_text())["compile"] == "on"
    fgan.train(config, tmp_path / "parts", resume=True, say=quiet)
    fgan.train(config, tmp_path / "whole", say=quiet)
    for path in (tmp_path / "whole" / "checkpoints" / "step-00000006").glob("*.safetensors"):
        assert path.read_bytes() == (tmp_path / "parts" / path.relative_to(tmp_path / "whole")).read_bytes()
