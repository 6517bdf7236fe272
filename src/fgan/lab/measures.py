"""What a race on points is measured by: the bound, the divergence itself, and the pieces that are covered."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from fgan.divergences import Divergence
from fgan.lab.race import Race
from fgan.lab.targets import Target
from fgan.objectives import GANLoss
from fgan.training.telemetry import finite_or_none

SAMPLES = 4096
"""Samples of each generator, for the same well-spread latents at every measurement."""
CELLS = 128
"""Cells of the grid along each axis."""
FAINTEST = 1e-12
"""Probability that stands for none at all: sums over cells are no more accurate."""
ENOUGH = 0.1
"""The share of a mode's weight from which on it counts: a few stray samples cover nothing."""
MOST_PIECES = 200
"""Targets of more pieces have no modes to count, and comparing with each piece would take longer than a step."""


@dataclass(frozen=True)
class Measure:
    """One member's numbers; None where there is none, or no finite one.

    Args:
        bound: the variational bound on data and samples that are the same each time, above its value for P = Q.
        exact: D_f of the target and the generator, both smoothed, likewise.
        modes: pieces within whose 3σ there is at least a tenth of the samples that they should have.
        within: share of samples within 3σ of a piece.
    """

    bound: float | None
    exact: float | None
    modes: int | None
    within: float | None


class Ruler:
    """Measures the members of a race.

    The divergence itself compares p and q after smoothing both by the same Gaussian: p in closed form, q from a
    histogram of samples. Smoothing brings distributions closer, so it lies below D_f(P‖Q), and may lie below the bound.

    Args:
        target: the target.
        latent: dimension of the latents.
    """

    def __init__(self, target: Target, latent: int) -> None:
        self.target, self.view = target, target.view
        self.cell = (self.view[0][1] - self.view[0][0]) / CELLS
        self.smoothing = max(target.sigma / 2, self.cell)
        self.latents = spread_latents(SAMPLES, latent)
        self.data = target.sample(SAMPLES, torch.Generator().manual_seed(0))
        at = (torch.arange(CELLS, dtype=torch.float64) + 0.5) * self.cell
        axes = [low + at for low, _ in self.view]
        points = torch.cartesian_prod(*reversed(axes)).view(-1, target.dimension).flip(1)
        self.area = self.cell**target.dimension
        self.footprint = (2 * math.sqrt(math.pi) * self.smoothing) ** target.dimension
        self.p = target.log_density(points, self.smoothing).exp() * self.area
        offsets = (at[:, None] - at) / self.smoothing
        self.blur = (-0.5 * offsets.square()).exp() / (self.smoothing * math.sqrt(2 * math.pi))

    def density(self, samples: Tensor) -> Tensor:
        """Return the smoothed density (cells,) of samples (n, D) in float64, rows of the lowest y first."""
        lows = samples.new_tensor([low for low, _ in self.view])
        cells = ((samples - lows) / self.cell).floor()
        inside = ((cells >= 0) & (cells < CELLS)).all(1)
        places = cells[inside].long()
        place = places[:, -1] * CELLS + places[:, 0] if samples.shape[1] == 2 else places[:, 0]
        counts = torch.bincount(place, minlength=CELLS ** samples.shape[1]).double() / len(samples)
        if samples.shape[1] == 1:
            return self.blur @ counts
        return (self.blur @ counts.view(CELLS, CELLS) @ self.blur.T).flatten()

    def exact(self, divergence: Divergence, q: Tensor) -> float | None:
        """Return D_f of the smoothed target and a density on the grid, above D_f(P‖P); None if it is not finite.

        Cells in view with less than one sample are taken as one, since q is not known there; whatever lies out of view
        is another. Taking cells together makes D_f smaller; the noise of a histogram of samples makes it larger, by
        0.01 to 0.1 for samples of the target itself.
        """
        known = q * self.footprint * SAMPLES >= 1
        p_cells, q_cells = (
            torch.cat([x[known], torch.stack([x[~known].sum(), (1 - x.sum()).clamp(min=0)])])
            for x in (self.p, q * self.area)
        )
        log_ratio = p_cells.clamp(min=FAINTEST).log() - q_cells.clamp(min=FAINTEST).log()
        real, fake = divergence.terms_at(log_ratio)
        return finite_or_none(float((p_cells * real - q_cells * fake).sum()) - divergence.f_at_one)

    @torch.no_grad()
    def measure(self, race: Race) -> list[Measure]:
        """Return the numbers of every member."""
        samples = race.generated(self.latents)
        v_fake = race.outputs(samples)
        v_real = race.outputs(self.data.expand(len(samples), *self.data.shape))
        found = []
        for trainer, own, real, fake in zip(race.trainers, samples, v_real, v_fake, strict=True):
            objective = trainer.objective
            if not bool(own.isfinite().all()) or not isinstance(objective, GANLoss):
                found.append(Measure(None, None, None, None))
                continue
            # Above its value for P = Q, which is not 0 for every f: -log 4 for the GAN's.
            bound = float(objective.divergence.bound(real, fake)) - objective.divergence.f_at_one
            modes, within = self._coverage(own)
            exact = self.exact(objective.divergence, self.density(own))
            found.append(Measure(finite_or_none(bound), exact, modes, within))
        return found

    def _coverage(self, samples: Tensor) -> tuple[int | None, float | None]:
        if len(self.target.centers) > MOST_PIECES:
            return None, None
        pieces = self.target.piece_of(samples)
        shares = torch.bincount(pieces + 1, minlength=len(self.target.weights) + 1)[1:] / len(pieces)
        modes = int((shares >= ENOUGH * self.target.weights).sum()) if self.target.modes else None
        return modes, float(shares.sum())


def spread_latents(n: int, latent: int) -> Tensor:
    """Return normal latents (n, latent) that are spread more evenly than random ones: a scrambled Sobol sequence."""
    uniform = torch.quasirandom.SobolEngine(latent, scramble=True, seed=0).draw(n, dtype=torch.float64)
    inner = uniform.clamp(1e-9, 1 - 1e-9)
    return (math.sqrt(2) * torch.erfinv(2 * inner - 1)).float()
