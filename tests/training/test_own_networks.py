"""Networks that users bring train as fgan's own do: alone and as one, stopped and resumed, found again and compiled."""

import dataclasses

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

import fgan
from fgan.training import at_hand
from fgan.training.compiling import program
from fgan.training.compiling.program import Programs
from fgan.training.ensemble import Ensemble
from fgan.training.trainer import Trainer


class Generator(nn.Module):
    def __init__(self, latent, shape):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(latent, 16), nn.ReLU(), nn.Linear(16, *shape))

    def forward(self, z):
        return self.layers(z)


def critic(middle=nn.Identity, wrap=lambda layer: layer):
    return nn.Sequential(wrap(nn.Linear(2, 16)), nn.LeakyReLU(0.2), middle(), wrap(nn.Linear(16, 1)))


class Unmappable(nn.Module):
    """Asks a tensor, which `torch.func.vmap` does not allow."""

    def forward(self, x):
        return x if x.sum().item() > 1e9 else 2 * x


class Tied(nn.Module):
    """One weight under two names, and a buffer that changes."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(2, 16), nn.Linear(16, 1)
        self.again = self.first
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, x):
        with torch.no_grad():
            self.seen += len(x) if self.training else 0
        return self.second((self.first(x) + self.again(-x)).tanh())


CRITICS = {
    "plain": critic,
    "batch norm": lambda: critic(lambda: nn.BatchNorm1d(16)),
    "layer norm": lambda: critic(lambda: nn.LayerNorm(16)),
    "spectral norm": lambda: critic(wrap=spectral_norm),
    "unmappable": lambda: critic(Unmappable),
    "tied": Tied,
}


def slow_but(kinds, *fast):
    """The kinds as parameters, slow but for some."""
    return [kind if kind in fast else pytest.param(kind, marks=pytest.mark.slow) for kind in kinds]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(at_hand, "_kept", {})


def trained(config, path, **more):
    return fgan.train(config, path, say=lambda line: None, **more)


def contents(run):
    skipped = ("speed.jsonl", "status.json")
    return {
        str(path.relative_to(run)): path.read_bytes()
        for path in sorted(run.rglob("*"))
        if path.is_file() and path.name not in skipped
    }


@pytest.mark.parametrize("kind", slow_but(["batch norm", "spectral norm", "tied", "dropout"], "dropout"))
def test_a_resumed_run_has_the_bits_of_one_that_was_never_stopped(small_config, tmp_path, kind):
    made = CRITICS.get(kind) or (lambda: critic(lambda: nn.Dropout(0.3)))
    config = small_config(generator=Generator, critic=made)
    trained(config, tmp_path / "whole")
    trained(dataclasses.replace(config, steps=20), tmp_path / "parts")
    before = torch.get_rng_state()
    trained(config, tmp_path / "parts", resume=True)
    assert contents(tmp_path / "parts") == contents(tmp_path / "whole")
    assert torch.equal(before, torch.get_rng_state())


def test_a_trained_generator_is_found_by_its_name(small_config, tmp_path):
    run = tmp_path / "run"
    trained(small_config(generator=Generator, critic=critic), run)
    config = fgan.load(run).config()
    assert config.generator.startswith(f"{__name__}:Generator@")
    assert config.critic.startswith(f"{__name__}:critic@")
    made = fgan.load(run).load_generator()
    assert isinstance(made.network, Generator) and not made.training
    random = torch.Generator().manual_seed(5)
    with torch.no_grad():
        expected = made.network(torch.randn(7, 4, generator=random))
    assert torch.equal(fgan.load(run).sample(7, seed=5), expected)


def test_a_module_is_where_runs_start_and_is_not_changed(small_config, tmp_path):
    mine, run = Generator(4, (2,)), tmp_path / "run"
    before = [parameter.clone() for parameter in mine.parameters()]
    config = small_config(generator=mine, ema=0.0)
    trainer = Trainer(config, fgan.load_data("ring8"))
    assert all(map(torch.equal, trainer.generator.parameters, before))
    trained(config, run)
    assert all(map(torch.equal, mine.parameters(), before))
    samples = fgan.load(run).sample(3)  # this process knows what it trained
    at_hand._kept.clear()  # another one does not
    with pytest.raises(fgan.FganError, match=r"Generator, which was passed in Python.*Pass it again"):
        fgan.load(run).sample(3)
    with pytest.raises(fgan.FganError, match="was passed in Python"):
        fgan.train("ring8", steps=50, resume=True, out=run)
    assert torch.equal(fgan.RunDirectory(run, generator=Generator).sample(3), samples)
    at_hand._kept.clear()
    lines = []
    fgan.train("ring8", steps=50, resume=True, out=run, generator=mine, device="cpu", say=lines.append)
    assert "resuming" in "".join(lines)


def test_other_networks_are_said_or_refused_on_resume(small_config, tmp_path):
    run, lines = tmp_path / "run", []
    trained(small_config(critic=critic), run)
    with pytest.raises(fgan.FganError, match=r"critic: .* there, '' here"):
        trained(small_config(steps=50), run, resume=True)
    before = (run / "config.json").read_bytes(), (run / "status.json").read_bytes()
    with pytest.raises(
        fgan.FganError, match=r"(?s)does not fit the critic .*Pass the critic as it was in training"
    ):
        trained(small_config(critic=Tied, steps=50), run, resume=True)
    assert before == ((run / "config.json").read_bytes(), (run / "status.json").read_bytes())
    fgan.train(small_config(critic=CRITICS["plain"](), steps=50), run, resume=True, say=lines.append)
    assert any("the critic was" in line and "when this run began" in line for line in lines)


@pytest.mark.parametrize(
    ("given", "unused"),
    [
        ({"generator": Generator, "width": 8, "norm": "group", "spectral_norm": True}, "--norm"),
        ({"critic": critic, "width": 8, "critic_depth": 3, "spectral_norm": True}, "--critic-depth, --spectral-norm"),
        ({"generator": Generator, "critic": critic, "depth": 3, "init": "xavier"}, "--depth, --init"),
        ({"width": 8, "critic_width": 8}, ""),
    ],
)  # fmt: skip
def test_settings_of_networks_that_are_not_built_are_named(given, unused):
    config = fgan.TrainConfig(data="ring8", latent=4, device="cpu", **given)
    assert ", ".join(config.unused()) == unused
    assert any(
        f"{unused} ignored" in note for note in Trainer(config, fgan.load_data("ring8")).notes
    ) == bool(unused)


def state(trainer):
    return {f"{group}.{k}": v for group, tensors in trainer.state().items() for k, v in tensors.items()}


@pytest.mark.parametrize("kind", slow_but(CRITICS, "tied", "unmappable"))
def test_members_train_together_as_they_would_alone(small_config, float64, kind):
    configs = [
        small_config(divergence=name, seed=seed, generator=Generator, critic=CRITICS[kind])
        for name, seed in (("kl", 0), ("js", 1), ("js", 2))
    ]
    data = fgan.load_data("ring8")
    members, alone = ([Trainer(config, data) for config in configs] for _ in range(2))
    assert not torch.equal(alone[0].critic.parameters[0], alone[1].critic.parameters[0])
    ensembles = [Ensemble(members), *(Ensemble([trainer]) for trainer in alone)]
    for _ in range(5):
        for ensemble in ensembles:
            ensemble.step()
    for one, other in zip(members, alone, strict=True):
        theirs = state(other)
        for name, value in state(one).items():
            torch.testing.assert_close(value, theirs[name], rtol=1e-7, atol=1e-7, msg=name)


def test_networks_that_draw_train_one_after_the_other(small_config, tmp_path):
    from fgan.experiments.train import judge_of
    from fgan.training.run import Job, train_together

    configs = [
        small_config(seed=seed, critic=lambda: critic(lambda: nn.Dropout(0.3)), evaluate_every=0)
        for seed in (0, 1)
    ]
    jobs = [Job(config, tmp_path / f"{config.seed}", lambda line: None) for config in configs]
    assert [end.step for end in train_together(jobs, fgan.load_data("ring8"), build_judge=judge_of)] == [
        40,
        40,
    ]
    trained(configs[1], tmp_path / "alone")
    assert contents(tmp_path / "1") == contents(tmp_path / "alone")
    with pytest.raises(fgan.FganError, match="cannot train as an ensemble"):
        Ensemble([Trainer(config, fgan.load_data("ring8")) for config in configs])
    with pytest.raises(fgan.FganError, match="--compile off"):
        trained(dataclasses.replace(configs[0], compile="on"), tmp_path / "compiled")


def test_dropout_draws_anew_at_each_step(small_config):
    config = small_config(critic=lambda: critic(lambda: nn.Dropout(0.5)), lr=1e-12, penalties="none")
    trainer = Trainer(config, fgan.load_data("ring8"))
    ensemble, losses = Ensemble([trainer]), []
    trainer.draw = (lambda batch: lambda: batch)(trainer.draw())
    for _ in range(3):
        ensemble.step()
        losses.append(trainer.metrics()["critic_loss"])
        trainer.reset_metrics()
    assert len(set(losses)) == 3


@pytest.mark.parametrize("kind", slow_but(["plain", "batch norm", "spectral norm", "tied"], "tied"))
@pytest.mark.parametrize("members", [1, 2])
def test_the_traced_step_is_the_step(small_config, monkeypatch, kind, members):
    def interpreted(self, batches, due, names, inputs):
        graph = program.traced(self.whole, batches, due, inputs)
        assert program.operations_in(graph)
        return lambda given: graph(*given)

    monkeypatch.setattr(Programs, "_program", interpreted)
    config = small_config(generator=Generator, critic=CRITICS[kind])
    configs = [dataclasses.replace(config, seed=seed) for seed in range(members)]
    data, states = fgan.load_data("ring8"), []
    for compile_ in ("off", "on"):
        trainers = [Trainer(dataclasses.replace(one, compile=compile_), data) for one in configs]
        ensemble = Ensemble(trainers)
        for _ in range(3):
            ensemble.step()
        states.append(state(trainers[-1]))
    for name, value in states[0].items():
        torch.testing.assert_close(states[1][name], value, rtol=1e-4, atol=1e-5, msg=name)


class Scaled(nn.Module):
    """Two networks that print alike and compute other things."""

    def __init__(self, factor):
        super().__init__()
        self.layer, self._factor = nn.Linear(2, 1), factor

    def forward(self, x):
        return self._factor * self.layer(x)


@pytest.mark.slow
def test_a_kept_program_is_not_taken_for_another_network(small_config):
    data, states = fgan.load_data("ring8"), []
    for factor in (1.0, 3.0):
        for compile_ in ("off", "on"):
            config = small_config(critic=lambda f=factor: Scaled(f), compile=compile_)
            trainer = Trainer(config, data)
            ensemble = Ensemble([trainer])
            for _ in range(2):
                ensemble.step()
            states.append(state(trainer))
    for eager, compiled in (states[:2], states[2:]):
        for name, value in eager.items():
            torch.testing.assert_close(compiled[name], value, rtol=1e-4, atol=1e-5, msg=name)


def test_pictures_of_classes(tmp_path):
    class Conditional(nn.Module):
        def __init__(self, latent, classes, shape):
            super().__init__()
            self.embedding, self.layer, self.shape = (
                nn.Embedding(classes, latent),
                nn.Linear(latent, 64),
                shape,
            )

        def forward(self, z, labels):
            return self.layer(z + self.embedding(labels)).sigmoid().view(-1, *self.shape)

    trained(
        fgan.preset(
            "default", "digits", steps=3, conditional=True, generator=Conditional, width=8, device="cpu"
        ),
        tmp_path / "run",
    )
    assert fgan.load(tmp_path / "run").sample(5, label="7").shape == (5, 1, 8, 8)


@pytest.mark.slow
def test_the_command_line_takes_files(fgan_command, tmp_path):
    (tmp_path / "nets.py").write_text(
        "from torch import nn\n\n"
        "class Critic(nn.Sequential):\n    def __init__(self):\n        super().__init__(nn.Linear(2, 1))\n"
    )
    flags = ("train", "ring8", "--steps", 3, "--out", "run", "--device", "cpu", "--critic", "nets.py:Critic")
    done = fgan_command(*map(str, flags), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    again = fgan_command("train", "ring8", "--resume", "--steps", "5", "--out", str(tmp_path / "run"))
    assert again.returncode == 0 and "resuming" in again.stdout, again.stderr
    (tmp_path / "nets.py").write_text(
        (tmp_path / "nets.py").read_text().replace("(2, 1)", "(2, 1, bias=False)")
    )
    changed = fgan_command("train", "ring8", "--resume", "--steps", "7", "--out", str(tmp_path / "run"))
    assert changed.returncode == 2 and "has changed since" in changed.stderr
