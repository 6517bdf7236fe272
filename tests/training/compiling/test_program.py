"""The traced step is the step, for every game, penalty and network, on inputs that it was not traced with."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from cases import one_fast

import fgan
from fgan.training.compiling import program
from fgan.training.compiling.program import Programs
from fgan.training.ensemble import Ensemble
from fgan.training.trainer import Trainer

MEMBERS = [("gan", 0), ("kl", 1), ("kl", 2)]
SETTINGS = {
    "default": {},
    "original": {"penalties": "none", "ema": 0.0, "generator_loss": "saturating", "beta1": 0.9},
    "points of their own": {"penalties": "gp:1"},
    "memory": {"penalties": "dragan:1,lecam:0.1"},
    "lazy": {"penalties": "r1:1:every=2,noise:1:fade=10", "lr_fade": 3.0, "cooldown": 1.0},
    "approximate": {"penalties": "r1-approx:1,r2-approx:1"},
    "several critic steps": {"n_critic": 3, "critic_lr": 3e-3},
    "single step": {"single_step": True},
    "tight": {"objective": "tight"},
    "reweighted": {"objective": "reweighted"},
    "relativistic": {"objective": "relativistic"},
    "wasserstein": {"objective": "wasserstein", "penalties": "gp:1"},
    "clamped": {"critic_clamp": 5.0, "gradient_clip": 0.1},
    "another h": {"generator_divergence": "js"},
    "spectral norm": {"spectral_norm": True},
    "classes": {"data": "digits", "conditional": True},
    "augmented": {
        "data": "digits",
        "augment": "flip,color,translation,cutout",
        "penalties": "gp:1",
        "n_critic": 2,
    },
    "upconv": {"data": "digits", "network": "upconv", "width": 4, "norm": "group"},
    "r3gan": {"data": "digits", "network": "r3gan", "width": 16, "objective": "relativistic"},
    "dcgan": {"data": "digits", "network": "dcgan", "width": 4, "norm": "group"},
    "resnet": {"data": "digits", "network": "resnet", "width": 4, "spectral_norm": True, "conditional": True},
}
QUICK = ("default", "memory", "lazy", "spectral norm")


@pytest.fixture(autouse=True)
def in_float64():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.fixture
def interpreted(monkeypatch):
    """Run programs as they were traced, without compiling them; the graphs in a list."""
    graphs = []

    def made(self, batches, due, names, inputs):
        graph = program.traced(self.whole, batches, due, inputs)
        graphs.append(graph)
        return lambda given: graph(*given)

    monkeypatch.setattr(Programs, "_program", made)
    return graphs


def ensembles(name, members):
    """Return an ensemble whose steps are called, and the same one with programs."""
    changes = {"width": 16, "batch_size": 8} | SETTINGS[name]
    data = fgan.load_data(changes.pop("data", "ring8"))
    if data.is_image:
        data = dataclasses.replace(
            data, train=fgan.data.TensorSource(data.train.values.double(), data.train.labels)
        )
    return [
        Ensemble(
            [
                Trainer(
                    fgan.preset(
                        "default", data.name, **changes, divergence=d, seed=s, compile=c, device="cpu"
                    ),
                    data,
                )
                for d, s in MEMBERS[:members]
            ]
        )
        for c in ("off", "on")
    ]


@pytest.mark.parametrize("members", one_fast([3, 1]))
@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in SETTINGS]
)
def test_a_traced_step_is_the_step(name, members, interpreted):
    called, traced = ensembles(name, members)
    for _ in range(10):
        called.step()
        traced.step()
    for one, other in zip(called.whole.memory(), traced.whole.memory(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)
    for one, other in zip(called.trainers, traced.trainers, strict=True):
        assert one.metrics() == pytest.approx(other.metrics(), rel=1e-9)
        for norm in ("critic_gradient_norm", "generator_gradient_norm"):
            assert one.telemetry()[norm] == pytest.approx(other.telemetry()[norm], rel=1e-9)
        states = one.state(), other.state()
        for name in ("random", "summed", "steps_done"):
            assert torch.equal(*(state["progress"][name] for state in states))
        for who in ("generator", "critic"):
            assert torch.equal(*(state[f"{who}_optimizer"]["count"] for state in states))
    asked = [str(node.target) for graph in interpreted for node in graph.graph.nodes]
    waiting = [name for name in asked if "_local_scalar_dense" in name or "nonzero" in name]
    assert not waiting, "a GPU would be waited for"
    assert not [name for name in asked if "_foreach_norm" in name], (
        "torch's compiler has no code for it, and warns"
    )
    constants = [node.target for graph in interpreted for node in graph.graph.nodes if node.op == "get_attr"]
    assert not constants, "everything that a program reads is passed to it"


def test_one_program_serves_all_times_and_a_lazy_penalty_makes_two(interpreted):
    _, ensemble = ensembles("lazy", 1)
    for _ in range(6):
        ensemble.step()
    assert len(interpreted) == 2


def test_one_thread_traces_at_a_time(interpreted, monkeypatch):
    """Torch patches itself meanwhile: the second of two threads failed."""
    inside, most = [], []
    made = Programs._program

    def watched(*given):
        inside.append(1)
        most.append(len(inside))
        try:
            return made(*given)
        finally:
            inside.pop()

    monkeypatch.setattr(Programs, "_program", watched)
    pair = [ensembles("default", 1)[1] for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(Ensemble.step, pair))
    assert most == [1, 1]
    for one, other in zip(pair[0].whole.memory(), pair[1].whole.memory(), strict=True):
        assert torch.equal(one, other)
