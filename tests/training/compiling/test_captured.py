"""What is captured on CUDA, rehearsed without: the same steps on tensors that stay where they are."""

import pytest

import fgan
from fgan.training.compiling import program
from fgan.training.compiling.captured import Captured
from fgan.training.compiling.program import Programs
from fgan.training.ensemble import Ensemble
from fgan.training.trainer import Trainer


def rehearsed(run):
    """Record a function as CUDA does: its results lie in the same tensors after every replay."""
    returned = run()

    def replay():
        for place, value in zip(returned, run(), strict=True):
            place.copy_(value)

    return replay, returned


def test_a_captured_program_takes_the_same_steps(small_config, monkeypatch):
    def captured(self, batches, due, names, inputs):
        graph = program.traced(self.whole, batches, due, inputs)
        return Captured(lambda given: graph(*given), inputs, len(self.whole.memory()), rehearsed)

    monkeypatch.setattr(Programs, "_program", captured)
    data = fgan.load_data("ring8")
    configs = [small_config(compile=c, penalties="gp:0.5,lecam:0.1", lr_fade=5.0) for c in ("off", "on")]
    trainers = [Trainer(config, data) for config in configs]
    ensembles = [Ensemble([trainer]) for trainer in trainers]
    before = [tensor.data_ptr() for tensor in ensembles[1].whole.memory()]
    for _ in range(6):
        for ensemble in ensembles:
            ensemble.step()
    assert [tensor.data_ptr() for tensor in ensembles[1].whole.memory()] == before
    assert trainers[0].metrics() == pytest.approx(trainers[1].metrics(), rel=1e-5)
    state = trainers[1].state()
    for group, tensors in trainers[0].state().items():
        for name, tensor in tensors.items():
            assert tensor.allclose(state[group][name], rtol=1e-6, atol=1e-7), (group, name)
