"""Weights of f-distillation: as published, and the gradient of D_f that they make."""

import pytest
import torch

import fgan
from fgan.divergences import EXAMPLES
from fgan.losses import distillation_weight

LOG_RATIOS = torch.linspace(-6, 6, 25, dtype=torch.float64)
FAST_GEN = {
    # NVIDIA FastGen, `all_f_div_weighting_function` of f_distill.py, with their scale relative to fgan's.
    "reverse-kl": (1.0, torch.ones_like),
    "kl": (1.0, lambda r: r),
    "js": (1.0, lambda r: 1 - 1 / (1 + r)),
    "softened-reverse-kl": (2.0, lambda r: 1 / (1 + r)),
    "neyman": (2.0, lambda r: 1 / r),
    "squared-hellinger": (0.5, lambda r: r**0.5),
    "jeffreys": (1.0, lambda r: 1 + r),
}


@pytest.mark.parametrize("name", FAST_GEN)
def test_weights_are_as_published(name):
    scale, theirs = FAST_GEN[name]
    weight = distillation_weight(LOG_RATIOS, name)
    assert torch.allclose(weight, scale * theirs(LOG_RATIOS.exp()))
    normalised = distillation_weight(LOG_RATIOS, name, normalize=True)
    assert torch.allclose(normalised, weight / weight.mean())


@pytest.mark.parametrize("name", ["kl", "reverse-kl", "js", "pearson", "squared-hellinger", "skew-kl:0.1"])
def test_the_weights_make_the_gradient_of_the_divergence(name):
    """Xu et al. (2025), Theorem 1, for P = N(0, 1) and x = m + s z, by quadrature."""
    x = torch.linspace(-14, 14, 28001, dtype=torch.float64)
    m, s = (torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in (0.7, 0.8))
    log_p = torch.distributions.Normal(0.0, 1.0).log_prob(x)
    log_q = torch.distributions.Normal(m, s).log_prob(x)
    dx = float(x[1] - x[0])
    divergence = (log_q.exp() * fgan.divergence(name).f((log_p - log_q).exp())).sum() * dx
    wanted = torch.stack(torch.autograd.grad(divergence, (m, s)))
    with torch.no_grad():
        z = (x - m) / s
        scores = -x + z / s  # ∇log p - ∇log q
        pull = -distillation_weight(log_p - log_q, name) * scores * log_q.exp()
        found = torch.stack([pull.sum() * dx, (pull * z).sum() * dx])
    assert torch.allclose(found, wanted, rtol=1e-5)


@pytest.mark.parametrize("name", EXAMPLES)
def test_normalised_weights_are_finite_and_ordered_at_ten_thousand(name):
    if not fgan.divergence(name).smooth:
        with pytest.raises(fgan.FganError, match="no distillation weight"):
            distillation_weight(LOG_RATIOS, name)
        return
    for dtype in (torch.float32, torch.float64, torch.bfloat16):
        for at in ([-1e4, -1.0, 0.0, 1.0, 1e4], [-1e4, -9990.0], [9990.0, 1e4]):
            weight = distillation_weight(torch.tensor(at, dtype=dtype), name, normalize=True)
            assert weight.isfinite().all() and (weight >= 0).all()
            assert float(weight.mean()) == pytest.approx(1, rel=1e-3) or (
                name == "marton" and not weight.any()
            )
        assert weight.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)


def test_weights_far_out_keep_their_proportions():
    far = torch.tensor([9999.0, 10000.0], dtype=torch.float64)
    for name, power in (("kl", 1), ("pearson", 2), ("js", 0), ("neyman", -1), ("triangular", -1)):
        for sign, grows in (
            (1, power),
            (-1, 2 if name == "triangular" else max(power, 1) if name == "js" else power),
        ):
            first, second = distillation_weight(sign * far, name, normalize=True).tolist()
            assert second / first == pytest.approx(torch.tensor(float(sign * grows)).exp().item(), rel=1e-3)


def test_no_gradient_flows_through_the_weight():
    at = torch.zeros(3, requires_grad=True)
    assert not distillation_weight(at, "kl").requires_grad
