"""Draw the pictures of the theory pages: `python docs/theory/figures.py`. The same bytes on every run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import matplotlib
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.optimize import minimize
from torch import Tensor

import fgan
from fgan.reporting.catalogue_pictures import STYLE, save

FOLDER = Path(__file__).parents[1] / "images" / "theory"
COLORS = {
    "kl": "C0", "reverse-kl": "C3", "js": "C2", "squared-hellinger": "C4", "neyman": "C1", "pearson": "C5",
}  # fmt: skip
LABELS = {
    "kl": "KL", "reverse-kl": "reverse KL", "js": "JS", "squared-hellinger": "Hellinger²", "neyman": "Neyman",
    "pearson": "Pearson",
}  # fmt: skip


def panels(count: int, height: float = 2.9, width: float = 3.9) -> tuple[Figure, list[Axes]]:
    """Return a figure with panels beside each other."""
    figure = Figure(figsize=(width * count, height), layout="constrained")
    return figure, [figure.add_subplot(1, count, place + 1) for place in range(count)]


def mark(axes: Axes, title: str, x: str, y: str = "", zero: bool = True) -> None:
    """Name the axes; draw thin lines through the origin."""
    if zero:
        axes.axhline(0, color="0.85", linewidth=0.8, zorder=0)
        axes.axvline(0, color="0.85", linewidth=0.8, zorder=0)
    axes.set_title(title)
    axes.set_xlabel(x)
    axes.set_ylabel(y)


def plot(axes: Axes, x: Tensor, y: Tensor, name: str) -> None:
    """Draw one divergence's curve in its colour."""
    axes.plot(x.numpy(), y.numpy(), color=COLORS[name], label=LABELS[name], linewidth=1.8)


def normal(x: Tensor, mean: float, spread: float) -> Tensor:
    """Return a normal density at x."""
    return torch.exp(-(((x - mean) / spread) ** 2) / 2) / (spread * (2 * np.pi) ** 0.5)


def two_modes(x: Tensor) -> Tensor:
    """Return the density of the data that some pictures share."""
    return 0.4 * normal(x, -2.0, 0.6) + 0.6 * normal(x, 1.5, 0.7)


def integrand() -> Figure:
    """Show what each place costs."""
    x = torch.linspace(-4.5, 4.5, 181, dtype=torch.float64)
    p, q = two_modes(x), normal(x, 1.3, 0.95)
    figure, (left, right) = panels(2)
    left.fill_between(x.numpy(), p.numpy(), color="0.75", label="data p", linewidth=0)
    left.plot(x.numpy(), q.numpy(), color="black", label="model q", linewidth=1.8)
    mark(left, "data and model", "x", zero=False)
    left.legend(frameon=False, fontsize=8)
    for name in ("kl", "reverse-kl", "js"):
        d = fgan.divergence(name)
        u = p / q
        cost = q * (d.f(u) - d.threshold * (u - 1)) / d.curvature
        plot(right, x, cost, name)
    mark(right, "what each place costs", "x", zero=False)
    right.legend(frameon=False, fontsize=8)
    return figure


def tangent() -> Figure:
    """Show the conjugate as the intercept of a tangent."""
    d, u0 = fgan.divergence("kl"), 1.8
    u = torch.linspace(0.0, 3.0, 121, dtype=torch.float64)
    t = float(d.derivative(torch.tensor(u0, dtype=torch.float64)))
    below = float(d.conjugate(torch.tensor(t, dtype=torch.float64)))
    figure, (axes,) = panels(1, 3.4)
    plot(axes, u, d.f(u), "kl")
    axes.plot([0, 3], [-below, 3 * t - below], color="C3", linewidth=1.4)
    for slope in (0.2, 0.9, 2.0):
        cut = float(d.conjugate(torch.tensor(slope, dtype=torch.float64)))
        axes.plot([0, 3], [-cut, 3 * slope - cut], color="0.8", linewidth=0.9, zorder=0)
    axes.plot([0, u0], [-below, u0 * t - below], "o", color="C3", markersize=5)
    axes.annotate("−f*(t)", (0.06, -below - 0.12), color="C3", va="top")
    axes.annotate("slope t = f '(u₀)", (1.65, 1.15), color="C3", ha="right")
    axes.annotate("f(u) = u log u", (2.95, 3.3), color="C0", ha="right", va="bottom")
    axes.set_xlim(0, 3)
    axes.set_ylim(-3.1, 3.6)
    mark(axes, "", "u")
    return figure


def gap() -> Figure:
    """Show what a critic loses that is off by δ where p = q."""
    delta = torch.linspace(-2.5, 2.5, 101, dtype=torch.float64)
    figure, (axes,) = panels(1)
    for name in ("kl", "reverse-kl", "js", "squared-hellinger"):
        d = fgan.divergence(name)
        bound = d.real_at(delta) - d.fake_at(delta)
        plot(axes, delta, (bound[50] - bound) / d.curvature, name)
    axes.plot(delta.numpy(), (delta**2 / 2).numpy(), "--", color="0.6", linewidth=1, label="½ δ²")
    axes.set_ylim(-0.2, 5)
    mark(axes, "what the bound loses", "δ, error of the log-ratio")
    axes.legend(frameon=False, fontsize=8)
    return figure


def links() -> Figure:
    """Show T and f*(T) of the critic's output."""
    v = torch.linspace(-4, 4, 97, dtype=torch.float64)
    figure, axes = panels(2)
    for name in ("kl", "reverse-kl", "js", "squared-hellinger"):
        d = fgan.divergence(name, link="paper")
        for panel, term in zip(axes, (d.real_term, d.fake_term), strict=True):
            plot(panel, v, term(v).clamp(-7, 7), name)
    for panel, title in zip(axes, ("T, earned on data", "f*(T), paid on samples"), strict=True):
        panel.set_ylim(-5, 5)
        mark(panel, title, "critic's output v")
    axes[0].legend(frameon=False, fontsize=8, loc="lower right")
    return figure


def weights() -> Figure:
    """Show the pull on a sample."""
    log_ratio = torch.linspace(-4, 4, 81, dtype=torch.float64)
    figure, (axes,) = panels(1, width=5.2)
    for name in ("neyman", "reverse-kl", "js", "squared-hellinger", "kl", "pearson"):
        d = fgan.divergence(name)
        plot(axes, log_ratio, d.weight(log_ratio) / d.curvature, name)
    axes.set_yscale("log")
    axes.set_ylim(0.02, 50)
    axes.axvline(0, color="0.85", linewidth=0.8, zorder=0)
    mark(axes, "weight w(u) / f ''(1)", "log u", zero=False)
    axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def fits() -> Figure:
    """Show the normal distribution that each divergence likes best."""
    wide = torch.linspace(-14, 14, 5601, dtype=torch.float64)
    x = torch.linspace(-5, 5, 151, dtype=torch.float64)
    # Far out the densities leave the range of float64; that much mass counts nowhere.
    p, step = two_modes(wide).clamp(min=1e-250), 28 / 5600
    figure, (axes,) = panels(1, 3.1)
    axes.fill_between(x.numpy(), two_modes(x).numpy(), color="0.8", label="data", linewidth=0)
    for name in ("kl", "js", "reverse-kl"):
        d = fgan.divergence(name)

        def cost(at: np.ndarray, d: fgan.Divergence = d) -> float:
            q = normal(wide, at[0], float(np.exp(at[1]))).clamp(min=1e-250)
            return float((q * d.f(p / q)).sum() * step)

        starts = [(-2.0, -0.5), (0.2, 0.7), (1.5, -0.3)]
        best = min((minimize(cost, start, method="Nelder-Mead") for start in starts), key=lambda one: one.fun)
        plot(axes, x, normal(x, best.x[0], float(np.exp(best.x[1]))), name)
    mark(axes, "the best normal distribution", "x", zero=False)
    axes.legend(frameon=False, fontsize=8)
    return figure


def dirac() -> Figure:
    """Show the paths of the smallest GAN."""
    figure, axes = panels(2, 3.4)
    for panel, gamma, title in zip(axes, (0.0, 0.5), ("no penalty", "R1, γ = 0.5"), strict=True):
        for name in ("kl", "reverse-kl", "js"):
            d = fgan.divergence(name)
            psi, theta = torch.zeros((), dtype=torch.float64), torch.ones((), dtype=torch.float64)
            path = []
            for _ in range(240):
                path.append((float(theta), float(psi)))
                pull = 0.1 * d.weight(psi * theta)
                psi, theta = psi - pull * theta - 0.1 * gamma * psi, theta + pull * psi
            ends = np.array(path)
            panel.plot(ends[:, 0], ends[:, 1], color=COLORS[name], label=LABELS[name], linewidth=1.2)
        panel.plot([1], [0], "o", color="black", markersize=4)
        panel.plot([0], [0], "+", color="black", markersize=9)
        panel.set_xlim(-4, 4)
        panel.set_ylim(-4, 4)
        panel.set_aspect("equal")
        mark(panel, title, "θ (generator)", "ψ (critic)")
    axes[1].legend(frameon=False, fontsize=8)
    return figure


def logistic(x: Tensor, label: Tensor) -> Tensor:
    """Return the weights (d + 1,) of a logistic regression by Newton's method, with a touch of ridge."""
    x = torch.cat([x, torch.ones_like(x[:, :1])], 1)
    weight = torch.zeros(x.shape[1], dtype=x.dtype)
    ridge = 1e-3 * torch.eye(x.shape[1], dtype=x.dtype)
    for _ in range(12):
        share = torch.sigmoid(x @ weight)
        slope = x.T @ (share - label) + ridge @ weight
        bend = (x * (share * (1 - share))[:, None]).T @ x + ridge
        weight = weight - torch.linalg.solve(bend, slope)
    return weight


def in_sample() -> Figure:
    """Show the bound of JS on the samples that trained the critic, and on others, where P = Q."""
    random = torch.Generator().manual_seed(0)
    js = fgan.divergence("js", link="log-ratio")
    features, n, repeats = [1, 5, 10, 20, 30, 40, 60], 200, 40
    label = torch.cat([torch.ones(n), torch.zeros(n)]).double()
    found: dict[str, list[float]] = {"training samples": [], "held-out samples": []}
    for count in features:
        bounds = dict.fromkeys(found, 0.0)
        for _ in range(repeats):
            seen, fresh = torch.randn(2, 2 * n, count, generator=random, dtype=torch.float64)
            weight = logistic(seen, label)
            for name, x in zip(found, (seen, fresh), strict=True):
                v = x @ weight[:-1] + weight[-1]
                bounds[name] += float(js.bound(v[:n], v[n:])) / repeats
        for name, value in bounds.items():
            found[name].append(value)
    figure, (axes,) = panels(1)
    for color, (name, values) in zip(("C3", "C0"), found.items(), strict=True):
        axes.plot(features, values, "o-", color=color, label=name, linewidth=1.8, markersize=4)
    axes.axhline(0, color="black", linewidth=1, linestyle="--", label="truth (P = Q)")
    mark(axes, "bound of JS", "features of the critic", zero=False)
    axes.legend(frameon=False, fontsize=8)
    return figure


WISHES: dict[str, Callable[[Tensor], Tensor]] = {
    "u/(1+u)²: fades on both sides": lambda u: u / (1 + u) ** 2,
    "u/(1+u): JS": lambda u: u / (1 + u),
    "1/(1+u): softened reverse KL": lambda u: 1 / (1 + u),
}


def design() -> Figure:
    """Show f as the integral of a wished weight."""
    figure, (left, right) = panels(2)
    u = torch.linspace(0.02, 4, 2000, dtype=torch.float64)
    one = int((u - 1).abs().argmin())
    for color, (name, wish) in zip(("C4", "C2", "C1"), WISHES.items(), strict=True):
        scale = wish(torch.ones((), dtype=torch.float64))
        log_ratio = torch.linspace(-4, 4, 81, dtype=torch.float64)
        left.plot(log_ratio.numpy(), (wish(log_ratio.exp()) / scale).numpy(), color=color, label=name)
        slope = torch.cumulative_trapezoid(wish(u) / u**2 / scale, u)
        slope = torch.cat([slope.new_zeros(1), slope])
        f = torch.cat([slope.new_zeros(1), torch.cumulative_trapezoid(slope - slope[one], u)])
        right.plot(u[::20].numpy(), (f - f[one])[::20].numpy(), color=color, linewidth=1.8)
    left.axvline(0, color="0.85", linewidth=0.8, zorder=0)
    left.set_ylim(0, 3.2)
    mark(left, "the wish: w(u) / w(1)", "log u", zero=False)
    left.legend(frameon=False, fontsize=8, loc="upper center")
    right.set_ylim(-0.1, 2.2)
    mark(right, "the f that follows", "u")
    return figure


FIGURES = {
    "1-integrand": integrand,
    "2-tangent": tangent,
    "2-gap": gap,
    "3-links": links,
    "4-weights": weights,
    "4-fits": fits,
    "5-dirac": dirac,
    "6-in-sample": in_sample,
    "7-design": design,
}

if __name__ == "__main__":
    with matplotlib.rc_context(STYLE):
        for name, draw in FIGURES.items():
            save(draw(), FOLDER / f"{name}.svg")
