"""`fgan.losses.between`: divergences between logits, against formulas written anew."""

import math

import pytest
import torch
import torch.nn.functional as F
from scipy.spatial.distance import jensenshannon
from scipy.special import rel_entr

import fgan
from fgan.divergences import EXAMPLES
from fgan.losses import between

mpmath = pytest.importorskip("mpmath")

POWERS = {
    "pearson", "neyman", "alpha:-1", "alpha:-0.5", "alpha:1.5", "alpha:2", "alpha:3", "symmetric-chi2", "chi:1.5",
    "chi:2", "chi:3", "cressie-read:0.6667", "cressie-read:1", "cressie-read:-2", "tsallis:2",
}  # fmt: skip
"""Their f grows like a power of the ratio, so e^10000 is their value, or a power of it: no float holds that."""
FAR = [0.0, -1.3, -1e4, 0.7]


def logits(seed=0, shape=(5, 7), scale=3.0):
    p, q = scale * torch.randn(2, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return p, q


def test_kl_is_what_torch_and_scipy_call_it():
    p, q = logits()
    torchs = F.kl_div(q.log_softmax(-1), p.log_softmax(-1), log_target=True, reduction="batchmean")
    scipys = rel_entr(p.softmax(-1).numpy(), q.softmax(-1).numpy()).sum(-1).mean()
    assert between(p, q) == pytest.approx(float(torchs)) == pytest.approx(scipys)
    assert between(p, q, "reverse-kl") == pytest.approx(float(between(q, p)))


def test_js_is_twice_the_square_of_scipys_distance():
    p, q = logits(1)
    distance = jensenshannon(p.softmax(-1).numpy(), q.softmax(-1).numpy(), axis=-1)
    assert between(p, q, "js", reduction="none").numpy() == pytest.approx(2 * distance**2)
    assert between(p, q, "skew-js:0.5", reduction="none").numpy() == pytest.approx(distance**2)


@pytest.mark.parametrize("beta", [0.1, 0.5, 0.9])
def test_the_loss_of_gkd_is_skew_js(beta):
    """Agarwal et al. (2024), eq. 1: β KL(teacher‖M) + (1 - β) KL(student‖M), M = β teacher + (1 - β) student."""
    teacher, student = logits(2)
    p, q = teacher.softmax(-1), student.softmax(-1)
    m = beta * p + (1 - beta) * q
    wanted = beta * (p * (p / m).log()).sum(-1) + (1 - beta) * (q * (q / m).log()).sum(-1)
    assert torch.allclose(between(teacher, student, f"skew-js:{beta}", reduction="none"), wanted)


@pytest.mark.parametrize("name", EXAMPLES)
def test_value_and_gradient_are_those_of_the_definition(name):
    d = fgan.divergence(name)
    p, q = (one.requires_grad_() for one in logits(3))
    plain = (q.softmax(-1) * d.f((p.log_softmax(-1) - q.log_softmax(-1)).exp())).sum(-1).mean()
    found = between(p, q, d)
    assert found.item() == pytest.approx(plain.item(), rel=1e-10)
    for one, other in zip(*(torch.autograd.grad(loss, (p, q)) for loss in (found, plain)), strict=True):
        assert torch.allclose(one, other, rtol=1e-7, atol=1e-12)
    exact = fgan.between(p[0].softmax(-1), q[0].softmax(-1), d)
    assert between(p[0], q[0], d).item() == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name", EXAMPLES)
def test_finite_at_log_ratios_of_ten_thousand(name, dtype):
    far = torch.tensor(FAR).clamp(-6e4, 6e4).to(dtype)
    for p, q in ((far, far.flip(0)), (far.flip(0), far)):
        p, q = (one.clone().requires_grad_() for one in (p, q))
        value = between(p, q, name)
        slopes = torch.autograd.grad(value, (p, q))
        assert value.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
        if name in POWERS:
            assert value > 0  # +inf or finite, on one side each, but never NaN
        else:
            assert value.isfinite()
            assert all(slope.isfinite().all() for slope in slopes)


TRUE = {
    "kl": lambda p, q: p * mpmath.log(p / q),
    "reverse-kl": lambda p, q: q * mpmath.log(q / p),
    "js": lambda p, q: p * mpmath.log(2 * p / (p + q)) + q * mpmath.log(2 * q / (p + q)),
    "jeffreys": lambda p, q: (p - q) * mpmath.log(p / q),
    "squared-hellinger": lambda p, q: (mpmath.sqrt(p) - mpmath.sqrt(q)) ** 2,
    "total-variation": lambda p, q: abs(p - q) / 2,
    "arithmetic-geometric": lambda p, q: (p + q) / 2 * mpmath.log((p + q) / 2 / mpmath.sqrt(p * q)),
    "pearson": lambda p, q: (p - q) ** 2 / q,
}


@pytest.mark.parametrize(("dtype", "digits"), [(torch.float32, 1e-5), (torch.float64, 1e-12)])
@pytest.mark.parametrize("scale", [1.0, 30.0, 300.0, 1e4])
@pytest.mark.parametrize("name", TRUE)
def test_against_exact_arithmetic(name, scale, dtype, digits):
    p, q = ([scale * x for x in row] for row in ([0.0, -1.0, 0.5], [0.25, 0.0, -1.0]))
    with mpmath.workdps(60):
        shares = []
        for row in (p, q):
            powers = [mpmath.exp(mpmath.mpf(x)) for x in row]
            shares.append([x / mpmath.fsum(powers) for x in powers])
        truth = mpmath.fsum(TRUE[name](a, b) for a, b in zip(*shares, strict=True))
    largest = mpmath.mpf(torch.finfo(dtype).max)
    found = float(between(torch.tensor(p, dtype=dtype), torch.tensor(q, dtype=dtype), name))
    tolerance = digits * (1 + scale if name == "pearson" else 1)  # an exponent of this size is rounded
    assert found == (pytest.approx(float(truth), rel=tolerance) if truth < largest else math.inf)


@pytest.mark.parametrize("name", ["kl", "reverse-kl", "js", "pearson", "symmetric-chi2", "f(u)=u**4 - 1"])
def test_it_can_be_differentiated_twice(name):
    p, q = (one.requires_grad_() for one in logits(4, (2, 3), 1.0))
    assert torch.autograd.gradcheck(lambda p, q: between(p, q, name), (p, q))
    assert torch.autograd.gradgradcheck(lambda p, q: between(p, q, name), (p, q))


def test_impossible_outcomes_cost_what_they_do():
    never = torch.tensor([0.0, 0.0, -math.inf])
    always = torch.zeros(3)
    assert between(never, always) == pytest.approx(math.log(1.5))
    assert between(always, never) == math.inf
    assert between(always, never, "reverse-kl") == pytest.approx(math.log(1.5))
    assert between(never, never) == 0
    student = always.clone().requires_grad_()
    between(never, student).backward()
    assert torch.allclose(student.grad, torch.tensor([-1 / 6, -1 / 6, 1 / 3]))


def test_a_mask_hides_tokens_whatever_they_hold():
    p, q = logits(5, (2, 4, 6))
    mask = torch.tensor([[True, True, False, False], [True, False, False, False]])
    kept = between(p[mask], q[mask], "js", reduction="none")
    p[~mask], q[0, 3] = math.nan, math.inf
    for given in (mask, mask.int()):
        assert between(p, q, "js", mask=given) == pytest.approx(float(kept.mean()))
    assert between(p, q, "js", mask=mask, reduction="sum") == pytest.approx(float(kept.sum()))
    each = between(p, q, "js", mask=mask, reduction="none")
    assert each.shape == (2, 4) and torch.equal(each[~mask], torch.zeros(5, dtype=torch.float64))
    q.requires_grad_()
    between(p, q, "js", mask=mask).backward()
    assert q.grad.isfinite().all() and not q.grad[~mask].any()
    assert between(p, q, mask=torch.zeros_like(mask)).item() == 0


def test_a_loss_near_zero_keeps_its_digits():
    """Half the Fisher information times the squared step, in float32."""
    p, _ = logits(6, (1, 10))
    step = 1e-3 * logits(7, (1, 10))[0]
    q = p + step
    shares = p.softmax(-1)
    wanted = 0.5 * float((shares * step**2).sum() - (shares * step).sum() ** 2)
    for name, curvature in (("kl", 1.0), ("js", 0.5), ("pearson", 2.0)):
        assert float(between(p.float(), q.float(), name)) == pytest.approx(curvature * wanted, rel=0.02)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((torch.zeros(3), torch.zeros(4)), "same outcomes along the last axis; got \\(3,\\) and \\(4,\\)"),
        ((torch.zeros(2, 3), torch.zeros(4, 3)), "must broadcast"),
        ((torch.zeros(()), torch.zeros(())), "same outcomes"),
        ((torch.zeros(3), torch.zeros(3), "kll"), 'Did you mean "kl"'),
    ],
)
def test_refusals_say_why(arguments, reason):
    with pytest.raises(fgan.FganError, match=reason):
        between(*arguments)


def test_refusals_of_options_say_why():
    p, q = logits()
    with pytest.raises(fgan.FganError, match="mean, sum, none"):
        between(p, q, reduction="batchmean")
    with pytest.raises(fgan.FganError, match=r"need one of shape \(5,\), got \(5, 7\)"):
        between(p, q, mask=torch.ones(5, 7))
