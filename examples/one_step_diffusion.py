"""Distil a 2-D diffusion into a one-step generator by several f-divergences: which modes survive?

python examples/one_step_diffusion.py [--steps 1000] [--divergences reverse-kl js kl] [--out one_step.png]

A small diffusion learns eight Gaussians on a circle. Each divergence then distils it into a generator that needs one
step instead of forty, but is too small for all modes: it must choose between covering them and staying inside them. All
follow the same two scores and differ by one weight, r² f''(r) at r = p/q (Xu, Nie and Vahdat 2025): 1 for reverse KL,
r for KL, r/(1 + r) for JS.
"""

import argparse
from itertools import pairwise

import matplotlib.pyplot as plt
import torch
from torch import Tensor, nn

import fgan

LOWEST, HIGHEST = 0.05, 2.0
"""Noise levels σ of the diffusion."""
COARSEST = 0.6
"""The highest noise level of the distillation. Far above the distance of the modes, they would be one."""
WIDE = 0.1
"""The standard deviation of a mode."""
CENTERS = torch.tensor([[torch.pi / 4 * k] for k in range(8)])
CENTERS = torch.cat([CENTERS.cos(), CENTERS.sin()], 1)


def data(n: int) -> Tensor:
    return CENTERS[torch.randint(8, (n,))] + WIDE * torch.randn(n, 2)


def noise_levels(n: int, highest: float = HIGHEST) -> Tensor:
    return LOWEST * (highest / LOWEST) ** torch.rand(n, 1)


class Noisy(nn.Module):
    """A network of a noisy point and its noise level."""

    def __init__(self, out: int, width: int = 96) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(6, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(),
            nn.Linear(width, width), nn.SiLU(), nn.Linear(width, out),
        )  # fmt: skip

    def forward(self, x: Tensor, sigma: Tensor) -> Tensor:
        level = sigma.log()
        inputs = torch.cat(
            [x / (0.5 + sigma**2).sqrt(), level, level.sin(), level.cos(), level.square() / 4], 1
        )
        return self.layers(inputs)


class Denoiser(Noisy):
    """E[x | x + σε], preconditioned as by Karras et al. (2022); the score of the noisy data is (denoised - x)/σ²."""

    def __init__(self) -> None:
        super().__init__(2)

    def forward(self, x: Tensor, sigma: Tensor) -> Tensor:
        total = 0.5 + sigma**2
        return x * 0.5 / total + sigma * (0.5 / total).sqrt() * super().forward(x, sigma)

    def loss(self, clean: Tensor) -> Tensor:
        sigma = noise_levels(len(clean))
        found = self(clean + sigma * torch.randn_like(clean), sigma)
        return (((found - clean) / sigma) ** 2 * (1 + 2 * sigma**2)).mean()


def diffusion(steps: int) -> Denoiser:
    """Train the teacher."""
    teacher = Denoiser()
    adam = torch.optim.Adam(teacher.parameters(), lr=2e-3)
    for step in range(steps):
        adam.param_groups[0]["lr"] = 2e-3 * (1 - step / steps)
        adam.zero_grad()
        teacher.loss(data(512)).backward()
        adam.step()
    return teacher


@torch.no_grad()
def many_steps(teacher: Denoiser, n: int, steps: int = 40) -> Tensor:
    """Sample by Euler steps from the highest noise level to the lowest, then denoise."""
    levels = HIGHEST * (LOWEST / HIGHEST) ** (torch.arange(steps + 1) / steps)
    x = HIGHEST * torch.randn(n, 2)
    for here, there in pairwise(levels):
        x = x + (there - here) * (x - teacher(x, here.expand(n, 1))) / here
    return teacher(x, levels[-1].expand(n, 1))


def small_generator() -> nn.Module:
    """Return a linear map of the noise, which cannot make eight modes, near one of them."""
    generator = nn.Linear(2, 2)
    with torch.no_grad():
        generator.weight.copy_(0.2 * torch.eye(2))
        generator.bias.copy_(torch.tensor([0.8, 0.3]))
    return generator


def distil(teacher: Denoiser, divergence: str, steps: int) -> nn.Module:
    """Train a one-step generator whose gradient is E[h(r) (score of its samples - teacher's score)]."""
    generator = small_generator()
    student, critic, loss = Denoiser(), Noisy(1), fgan.GANLoss("gan")
    student.load_state_dict(teacher.state_dict())
    followers = torch.optim.Adam([*student.parameters(), *critic.parameters()], lr=2e-3, betas=(0.5, 0.99))
    adam = torch.optim.Adam(generator.parameters(), lr=1e-3, betas=(0.5, 0.99))
    for step in range(steps):
        for group, rate in ((followers, 2e-3), (adam, 1e-3)):
            group.param_groups[0]["lr"] = rate * min(1, 2 * (1 - step / steps))
        made = generator(torch.randn(192, 2))
        # The student's score and the log-ratio follow the generator.
        clean, real = made.detach(), data(192)
        sigma = noise_levels(len(clean), COARSEST)
        noisy = [one + sigma * torch.randn_like(one) for one in (real, clean)]
        followers.zero_grad()
        (student.loss(clean) + loss.critic(*(critic(one, sigma) for one in noisy))).backward()
        followers.step()
        # The generator follows both scores.
        sigma = noise_levels(len(made), COARSEST)
        x = made + sigma * torch.randn_like(made)
        with torch.no_grad():
            weight = fgan.losses.distillation_weight(critic(x, sigma), divergence, normalize=True)
            direction = weight * (student(x, sigma) - teacher(x, sigma)) / sigma
        adam.zero_grad()
        (direction * x).sum(1).mean().backward()
        adam.step()
    return generator


def judged(samples: Tensor) -> tuple[int, float]:
    """Return how many modes hold at least 1% of the samples, and the share of samples within 3σ of a mode."""
    distance, nearest = torch.cdist(samples, CENTERS).min(1)
    good = distance < 3 * WIDE
    shares = torch.bincount(nearest[good], minlength=8) / len(samples)
    return int((shares > 0.01).sum()), float(good.float().mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--divergences", nargs="+", default=["reverse-kl", "js", "kl"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", help="a PNG of all samples")
    arguments = parser.parse_args()

    torch.manual_seed(arguments.seed)
    teacher = diffusion(3 * arguments.steps)
    samples = {"diffusion, 40 steps": many_steps(teacher, 2000)}
    for name in arguments.divergences:
        torch.manual_seed(arguments.seed)
        generator = distil(teacher, name, arguments.steps)
        with torch.no_grad():
            samples[f"one step, {name}"] = generator(torch.randn(2000, 2))
    print(f"{'':22} modes of 8  within 3σ")
    for name, x in samples.items():
        modes, good = judged(x)
        print(f"{name:22} {modes:10}  {good:9.1%}")
    if arguments.out:
        figure, panels = plt.subplots(
            1, len(samples), figsize=(2.4 * len(samples), 2.8), layout="constrained"
        )
        for axes, (name, x) in zip(panels, samples.items(), strict=True):
            axes.scatter(*x.T, s=1, alpha=0.4)
            axes.set(title=name, xlim=(-2, 2), ylim=(-2, 2), xticks=[], yticks=[], aspect="equal")
        figure.savefig(arguments.out, dpi=80)


if __name__ == "__main__":
    main()
