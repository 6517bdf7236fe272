import pytest
import torch
import torch.nn.functional as F
from cases import together
from catalogue import TRAINABLE

from fgan.divergences import divergence
from fgan.objectives.relativistic import RelativisticLoss

V_REAL, V_FAKE = torch.tensor([0.5, 1.0, 2.0]).double(), torch.tensor([-1.0, 0.25, 0.1]).double()


def test_for_gan_it_is_twice_rpgan():
    loss = RelativisticLoss("gan")
    torch.testing.assert_close(loss.critic(V_REAL, V_FAKE), 2 * F.softplus(V_FAKE - V_REAL).mean())
    torch.testing.assert_close(loss.generator(V_FAKE, V_REAL), F.softplus(V_REAL - V_FAKE).mean())
    zero_sum = RelativisticLoss("gan", generator="saturating")
    torch.testing.assert_close(zero_sum.generator(V_FAKE, V_REAL), -2 * F.softplus(V_FAKE - V_REAL).mean())


@together("name", TRAINABLE)
def test_a_constant_added_to_v_changes_nothing(name):
    for kind in ("saturating", "non-saturating"):
        loss = RelativisticLoss(name, generator=kind)
        for constant in (-100.0, 3.0):
            real, fake = V_REAL + constant, V_FAKE + constant
            torch.testing.assert_close(loss.critic(real, fake), loss.critic(V_REAL, V_FAKE))
            torch.testing.assert_close(loss.generator(fake, real), loss.generator(V_FAKE, V_REAL))


@together("name", TRAINABLE)
def test_the_bound_is_the_plain_one_of_the_pairs(name):
    loss = RelativisticLoss(name)
    d, paired = loss.divergence, V_REAL - V_FAKE
    torch.testing.assert_close(loss.critic(V_REAL, V_FAKE), -d.bound(paired, -paired))
    saturating = RelativisticLoss(name, generator="saturating").generator(V_FAKE, V_REAL)
    torch.testing.assert_close(saturating, d.bound(paired, -paired))
    assert loss.needs_real


@together("name", TRAINABLE)
def test_evidence_and_ratios_are_of_the_pairs(name):
    loss = RelativisticLoss(name)
    real, fake = loss.evidence(V_REAL, V_FAKE)
    if divergence(name).identifies_ratio:
        assert loss.divergence.link == "log-ratio"
        assert (real > 0).all() and (fake < 0).all()
        there, back = loss.log_ratios(V_REAL, V_FAKE)
        torch.testing.assert_close(there, V_REAL - V_FAKE)
        torch.testing.assert_close(back, V_FAKE - V_REAL)
    else:
        assert loss.log_ratios(V_REAL, V_FAKE) is None


def test_a_link_that_is_named_is_kept():
    assert RelativisticLoss("kl", link="paper").divergence.link == "paper"
    assert RelativisticLoss(divergence("kl")).divergence.link == "paper"
    assert RelativisticLoss("total-variation").divergence.link == "paper"


def test_it_says_which_pairs_move():
    pairs = "between pairs (real, fake) and swapped pairs"
    assert RelativisticLoss("gan", generator="saturating").follows == f"gan {pairs}"
    assert RelativisticLoss("gan", generator_divergence="kl").follows == f"kl {pairs}"
    assert RelativisticLoss("gan").follows == f"0.5 × softened-reverse-kl {pairs}, as the swapped pairs move"


def test_it_compares():
    with pytest.raises(TypeError, match="needs the critic's outputs on data too"):
        RelativisticLoss("gan").generator(V_FAKE)
