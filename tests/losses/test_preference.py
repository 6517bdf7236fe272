"""f-DPO: scores and losses against what papers and other libraries write."""

import math

import pytest
import torch
import torch.nn.functional as F
from scipy.optimize import brentq

import fgan
from fgan.divergences import EXAMPLES
from fgan.losses import preference_loss, preference_score

RATIOS = torch.linspace(-5, 5, 41, dtype=torch.float64)
PUBLISHED = {
    # Wang et al. (2024), Table 1: reverse KL, forward KL, JS, α; in fgan P is the policy.
    "kl": lambda u: u.log() + 1,
    "reverse-kl": lambda u: -1 / u,
    "js": lambda u: (2 * u / (1 + u)).log(),
    "alpha:0.5": lambda u: (1 - u**-0.5) / 0.5,
    # Huang et al. (2024), χPO: φ(z) = z + log z.
    "0.5*pearson + kl": lambda u: u + u.log(),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_scores_are_as_published(name):
    assert torch.allclose(preference_score(RATIOS, name), PUBLISHED[name](RATIOS.exp()))


def test_kl_is_dpo():
    """Rafailov et al. (2023), eq. 7."""
    won, lost = RATIOS, RATIOS.flip(0) / 2
    dpo = -F.logsigmoid(0.3 * (won - lost))
    assert torch.allclose(preference_loss(won, lost, beta=0.3, reduction="none"), dpo)
    assert preference_loss(won, lost, beta=0.3) == pytest.approx(float(dpo.mean()))


@pytest.mark.parametrize(
    ("name", "scores"),
    [
        ("kl", lambda at: at),
        ("reverse-kl", lambda at: -torch.exp(-at)),
        ("js", F.logsigmoid),
        ("alpha:0.5", lambda at: torch.exp(-0.5 * at) / -0.5),
    ],
)
def test_the_four_of_trl(name, scores):
    """reverse_kl, forward_kl, js_divergence, alpha_divergence of `DPOTrainer`, which drops constants."""
    won, lost = RATIOS, RATIOS.flip(0) / 3
    theirs = -F.logsigmoid(0.1 * (scores(won) - scores(lost)))
    assert torch.allclose(preference_loss(won, lost, name, reduction="none"), theirs)


@pytest.mark.parametrize("name", EXAMPLES)
def test_scores_and_gradients_are_finite_and_ordered_or_the_f_is_refused(name):
    d = fgan.divergence(name)
    if not (d.smooth and d.identifies_ratio):
        with pytest.raises(fgan.FganError, match="kink or a flat part"):
            preference_score(RATIOS, d)
        return
    for dtype in (torch.float32, torch.float64, torch.bfloat16):
        at = torch.tensor([-1e4, -5e3, -100.0, -1.0, 0.0, 1.0, 100.0, 1e4], dtype=dtype, requires_grad=True)
        score = preference_score(at, name)
        assert score.isfinite().all() and (score.diff() >= 0).all()
        (slope,) = torch.autograd.grad(score.sum(), at)
        assert (slope[(at != 0) | bool(d.curvature != math.inf)] < math.inf).all() and (slope >= 0).all()
        if d.slope_at_zero != -math.inf:
            continue
        for won, lost in ((at, at.flip(0)), (at[:1], at[:1] / 2), (at[:1], at[:1])):
            loss = preference_loss(won, lost, d)
            assert loss.isfinite()
            assert torch.autograd.grad(loss, at)[0].isfinite().all()


def test_an_f_that_may_drop_answers_is_refused():
    with pytest.raises(fgan.FganError, match=r"f'\(0\) = -inf; that of \"pearson\" is -2.*\"pearson \+ kl\""):
        preference_loss(RATIOS, RATIOS, "pearson")
    assert preference_loss(RATIOS, RATIOS, "pearson + kl") == pytest.approx(math.log(2))
    with pytest.raises(fgan.FganError, match="beta must be a positive"):
        preference_loss(RATIOS, RATIOS, beta=0)


@pytest.mark.parametrize("name", ["kl", "js", "reverse-kl", "alpha:0.5", "0.5*pearson + kl"])
def test_the_minimum_of_the_loss_is_the_best_policy(name):
    """Theorem 1: with preferences by Bradley and Terry, the policy that maximises E[r] - β D_f(π‖π_ref)."""
    d, beta = fgan.divergence(name), 1.0
    reward = torch.tensor([0.0, 0.5, 1.0, 1.5], dtype=torch.float64)
    reference = torch.tensor([0.4, 0.3, 0.2, 0.1], dtype=torch.float64)

    def policy(shift):
        return reference * d.log_ratio_at((reward + shift) / beta).exp()

    edge = min(beta * d.conjugate_domain.upper - 1.5, 20.0)
    best = policy(brentq(lambda shift: float(policy(shift).sum()) - 1, -20.0, edge - 1e-9))
    logits = best.log().requires_grad_()
    first, second = torch.combinations(torch.arange(4)).T
    ratio = logits.log_softmax(-1) - reference.log()
    losses = (
        torch.sigmoid(reward[a] - reward[b])
        * preference_loss(ratio[a], ratio[b], d, beta=beta, reduction="none")
        for a, b in ((first, second), (second, first))
    )
    (slope,) = torch.autograd.grad(sum(losses).sum(), logits)
    assert slope.abs().max() < 1e-7
