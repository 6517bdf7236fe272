import math

import pytest
import torch
from cases import together
from catalogue import EVERY, EVERY_LINK

import fgan
from fgan.divergences import divergence
from fgan.objectives import plain_bound, tight_bound

# Samples over four atoms, given by their counts; the divergence of the two empirical laws is then a sum.
P, Q = torch.tensor([1, 2, 3, 2]), torch.tensor([3, 1, 2, 2])
RATIO = (P / P.sum()).double() / (Q / Q.sum()).double()
every_link = together("name, link", EVERY_LINK)


def spread(v: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return v.repeat_interleave(P), v.repeat_interleave(Q)


def exact(d) -> float:
    return ((Q / Q.sum()) * d.f(RATIO)).sum().item()


def critics(n: int = 6) -> torch.Tensor:
    return torch.randn(n, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@every_link
def test_the_tight_bound_is_between_the_plain_one_and_the_divergence(name, link):
    d = divergence(name, link)
    for v in critics(3):
        plain, tight = plain_bound(d, *spread(v)).item(), tight_bound(d, *spread(v)).item()
        assert plain - 1e-9 <= tight <= exact(d) + 1e-9


@together("name", EVERY)
def test_the_tight_bound_reaches_the_divergence_at_the_true_ratio(name):
    d = divergence(name, "log-ratio")
    assert tight_bound(d, *spread(RATIO.log())).item() == pytest.approx(exact(d), rel=1e-9, abs=1e-12)


@pytest.mark.slow
@together("name", EVERY)
def test_no_other_shift_does_better(name):
    """The infimum over λ, against a fine grid of λ."""
    d = divergence(name)
    v = critics(4)
    real, fake = (d.real_term(v.repeat_interleave(counts, 1)) for counts in (P, Q))
    high = torch.full((len(v), 1), 20.0, dtype=torch.float64)
    # The conjugate is finite up to the slope at infinity, from which a λ that is large enough keeps away.
    low = (fake.max(1, keepdim=True).values - d.slope_at_infinity).clamp(min=-20.0)
    for _ in range(6):
        shifts = low + (high - low) * torch.linspace(0, 1, 101, dtype=torch.float64)
        costs = shifts + d.conjugate(fake[..., None] - shifts[:, None]).mean(1)
        place = costs.argmin(1, keepdim=True)
        low, high = shifts.gather(1, (place - 1).clamp(min=0)), shifts.gather(1, (place + 1).clamp(max=100))
    best = real.mean(1) - costs.min(1).values
    found = torch.stack([tight_bound(d, *spread(one)) for one in v])
    torch.testing.assert_close(found, best, rtol=0, atol=1e-8)


def test_for_kl_it_is_donsker_varadhan_and_unmoved_by_a_constant():
    real, fake = torch.randn(30), torch.randn(40)
    expected = real.mean() - fake.exp().mean().log()
    torch.testing.assert_close(tight_bound(divergence("kl"), real, fake), expected)
    torch.testing.assert_close(
        tight_bound(divergence("kl"), real + 300, fake + 300), expected, rtol=1e-3, atol=1e-3
    )


def test_for_pearson_it_is_the_variance_form_where_that_is_right():
    d = divergence("pearson")
    real, fake = torch.tensor([0.5, 1.5]).double(), torch.tensor([-1.0, 0.0, 1.0]).double()
    expected = real.mean() - fake.mean() - fake.var(correction=0) / 4
    torch.testing.assert_close(tight_bound(d, real, fake), expected)
    wide = 4 * fake  # below the mean by more than 2: the conjugate's flat part is in play
    assert tight_bound(d, real, wide) > real.mean() - wide.mean() - wide.var(correction=0) / 4


@pytest.mark.parametrize("name", ["pearson", "reverse-kl", "js", "jeffreys", "total-variation", "alpha:0.5"])
def test_a_multiple_of_a_divergence_has_the_multiple_of_its_bound(name):
    """Pearson's closed form and Newton's iteration are two ways to one number."""
    d = divergence(name)
    for v in critics(4):
        torch.testing.assert_close(tight_bound(2 * d, *spread(v)), 2 * tight_bound(d, *spread(v)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@every_link
def test_gradients(name, link, dtype):
    d = divergence(name, link)
    real, fake = (part.to(dtype).requires_grad_() for part in spread(critics(1)[0]))
    bound = tight_bound(d, real, fake)
    assert bound.dtype == dtype and bound.shape == ()
    if not d.smooth and link == "log-ratio":
        return
    bound.backward()
    assert real.grad.isfinite().all() and fake.grad.isfinite().all()
    if dtype == torch.float64 and d.smooth and d.identifies_ratio:
        assert torch.autograd.gradcheck(
            lambda a, b: tight_bound(d, a, b), (real, fake), atol=1e-5, fast_mode=True
        )


@together("name, size", [(name, size) for name in EVERY for size in (1e-6, 1e3)])
def test_outputs_of_any_size_give_a_number(name, size):
    d = divergence(name)
    v = torch.tensor([-1.0, 0.2, 1.0]) * size
    if d.real_term(v).isfinite().all():
        bound = tight_bound(d, v, v)
        assert not bound.isnan()
        assert bound <= 1e-3  # P = Q: the divergence is f(1) <= 0


def test_where_t_overflows_it_is_the_plain_bound():
    d = divergence("reverse-kl")
    real, fake = torch.tensor([0.5]), torch.tensor([-1000.0, 0.0])
    assert d.real_term(fake)[0] == -math.inf and tight_bound(d, real, fake).isfinite()
    assert torch.equal(tight_bound(d, real, fake), plain_bound(d, real, fake))


def test_nothing_to_average_is_said():
    with pytest.raises(fgan.FganError, match="at least one critic output on data"):
        tight_bound(divergence("js"), torch.zeros(3), torch.zeros(0))
