"""`fgan.mutual_information`: how much do these variables share, and how sure is that?"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from fgan.device import resolve_device
from fgan.divergences import Divergence
from fgan.errors import FganError
from fgan.estimation.designs.design import CrossFit, Learner, cross_fit
from fgan.estimation.designs.pairs import Pairs
from fgan.estimation.estimate import Named, check_numbers, divergences_of, trained_for
from fgan.estimation.evidence import Evidence, checked
from fgan.estimation.formulas.contingency import counted_p_value
from fgan.estimation.independence import independence_p_value
from fgan.estimation.information_methods import InformationMethod, Setting, choose_information
from fgan.estimation.inputs.joint import Together, together_of
from fgan.estimation.inputs.read import Samples
from fgan.estimation.prices import Mean
from fgan.estimation.published.fitting import at_once, estimate_named
from fgan.estimation.result import Estimate, Estimates, Source
from fgan.output import Say, to_stderr

SPARSE = 0.2
"""Cells of a table for each sample from which on counting is a guess."""
NEAR = 0.8
"""A share of its ceiling from which on an estimate says more about the method than about the samples."""


@dataclass(frozen=True)
class Information(Estimate):
    """How much two variables share: an `Estimate` of their joint distribution from the product of its margins.

    `n_p` is the number of samples, `n_q` that of pairs that do not belong together. `log_ratio(z)` of rows z = (x, y),
    side by side, is the pointwise mutual information log p(x, y) / (p(x) p(y)).

    Args:
        ceiling: what this method cannot pass with so many samples; None where there is no such number.
    """

    ceiling: float | None = None

    @property
    def quantity(self) -> str:
        """What the value is of."""
        names = "; ".join(self.source.pair.names)
        return f"I({names})" if self.divergence == "kl" else f"I_{self.divergence}({names})"

    @property
    def basis(self) -> str:
        """What it is made from, in a line."""
        unit = ", in nats" if self.divergence == "kl" else ""
        return f"{self.n_p:,} samples{unit}; {self.method} ({self.reason})"

    def verdict(self, p_value: float) -> str:
        """Say what was tested, and the p-value."""
        return f"p = {p_value:.3g} for the hypothesis that both are independent (permutation test)"


def mutual_information(
    x: Samples,
    y: Samples,
    divergence: Named | Sequence[Named] = "kl",
    *,
    method: str = "auto",
    folds: int = 5,
    permutations: int = 0,
    n: int | None = None,
    seed: int = 0,
    device: str = "auto",
    say: Say = to_stderr,
) -> Information | Estimates:
    r"""Estimate the mutual information of X and Y, by samples that neither trained nor chose the critic.

    .. math:: I_f(X; Y) = D_f(P_{XY} \| P_X P_Y), \quad \text{of KL the mutual information, in nats}

    Each of the folds reports on a critic that the others trained and stopped, as in `fgan.estimate`. Samples of the
    product of margins are x with the y of other rows of the same part; the error bar knows that they share rows. Rows
    must be independent of each other: copies and steps of a time series are not.

    Args:
        x, y: samples that belong together row by row: arrays, tensors or lists (n,) or (n, d), tables of named columns;
            words, truth values and few whole numbers are categories.
        divergence: "kl" for Shannon's mutual information; another name, a `Divergence`, several, or "all".
        method: a key of `fgan.estimation.INFORMATION_METHODS`, or "auto".
        folds: parts that report in turn.
        permutations: of the test of independence, such as 999; 0 for none. Its critic is trained on one half of the
            samples and tested on the other.
        n: at most so many rows, drawn by chance.
        seed: decides folds, networks, draws and permutations.
        device: where networks are trained; "auto" takes a GPU where torch has one.
        say: told what is worth knowing of data that are loaded.

    Returns:
        An `Information`, or `Estimates` by name where several divergences were asked for.

    Raises:
        DataError: for samples that cannot be read, do not belong together, fewer than 50, NaN.
        FganError: for an unknown divergence or method, or one that does not take such samples.

    Source: Belghazi et al., "Mutual information neural estimation" (2018), for the critic of pairs; Poole et al., "On
    variational bounds of mutual information" (2019), for the published methods; McAllester and Stratos, "Formal
    limitations on the measurement of mutual information" (2020), for the ceiling.

    >>> import torch
    >>> random = torch.Generator().manual_seed(0)
    >>> x, noise = torch.randn(2, 1000, generator=random)
    >>> found = mutual_information(x, x + noise)
    >>> found.lower_bound <= math.log(2) / 2 <= found.interval[1]
    True
    """
    wanted, several = divergences_of(divergence)
    samples = together_of(x, y, n=n, seed=seed, say=say)
    check_numbers(folds, permutations, len(samples.x))
    name, chosen, reason = choose_information(method, samples)
    plan = _Plan(samples, wanted, chosen, folds, permutations, seed, resolve_device(device))
    evidence, direct = plan.carried_out(name, reason)
    found, skipped = evidence.estimates(Information, direct)
    ceiling = _ceiling(chosen, len(samples.x), folds)
    found = {one: _with_limits(estimated, ceiling, samples) for one, estimated in found.items()}
    return checked(found, skipped) if several else next(iter(found.values()))


@dataclass(frozen=True)
class _Plan:
    """What is to be done with samples that belong together; see `mutual_information`."""

    samples: Together
    wanted: list[Divergence]
    method: InformationMethod
    folds: int
    permutations: int
    seed: int
    device: str

    def carried_out(self, name: str, reason: str) -> tuple[Evidence, dict[Divergence, Mean | None]]:
        """Return what critics say of the samples, and what the method says without any."""
        x, y = self.samples.x, self.samples.y
        fitted, p_value, sampling = None, None, None
        if self.method.learner is not None:
            design = Pairs(x, y, self.folds, self.method.shifts, self.seed)
            sampling = design.sampling()
            fitted, p_value = self._fit(design, self.method.learner)
        elif self.permutations and self.samples.kind == "categories":
            p_value = counted_p_value(x, y, self.permutations, self.seed)
        elif self.permutations:
            raise FganError(
                f'the test of independence asks a critic that knows log(p/q), and method "{name}" has none. Take '
                "logistic, or permutations=0."
            )
        source = Source.of(self.samples.pair, fitted)
        evidence = Evidence(
            method=name,
            reason=reason,
            caveat=self.method.caveat,
            n_p=len(x),
            n_q=len(fitted.q) if fitted else len(x),
            source=source,
            diagnostics=source.diagnosed(),
            p_value=p_value,
            notes=self.samples.notes,
            sampling=sampling,
        )
        return evidence, {one: self._value(one) for one in self.wanted}

    def _fit(self, design: Pairs, make: Callable[[Setting], Learner]) -> tuple[CrossFit, float | None]:
        x, y = self.samples.x, self.samples.y
        learner = make(Setting(x.shape[1], trained_for(self.wanted), self.seed, self.device))
        jobs = [design.job(fold) for fold in range(self.folds)]
        if not self.permutations:
            return cross_fit(design, learner(jobs)), None
        halves = Pairs(x, y, 2, self.method.shifts, self.seed + 1)
        *critics, tester = learner([*jobs, halves.job(0)])
        rows = halves.rows(0)[2]
        p_value = independence_p_value(tester, x[rows], y[rows], self.permutations, self.seed)
        return cross_fit(design, critics), p_value

    def _value(self, divergence: Divergence) -> Mean | None:
        x, y = self.samples.x, self.samples.y
        if self.method.named is not None:
            if divergence.name != "kl":
                return None
            return estimate_named(
                Pairs(x, y, self.folds, seed=self.seed), self.method.named, self.seed, self.device
            )
        return self.method.value(divergence, x, y) if self.method.value else None


def _ceiling(method: InformationMethod, n: int, folds: int) -> float | None:
    if method.named is not None:
        return method.named.ceiling(at_once(n, folds)) if method.named.ceiling else None
    return method.ceiling(n) if method.ceiling else None


def _with_limits(found: Information, ceiling: float | None, samples: Together) -> Information:
    """Return an estimate that says so where it is near what its method, or any honest bound, can show."""
    warnings = list(found.warnings)
    if ceiling is not None and found.value > NEAR * ceiling:
        warnings.append(
            f"{found.method} cannot pass {ceiling:.2f} nats with so many samples, and is near it: the information may "
            "be any number above. logistic reaches further."
        )
    reach = math.log(found.n_p)
    if found.divergence == "kl" and found.value > NEAR * reach:
        whose = "the critics'" if found.source.critics else "the method's"
        warnings.append(
            f"{found.value:.1f} nats are near or above log n = {reach:.1f}: no lower bound that holds for every "
            f"distribution can show that much from n samples (McAllester and Stratos 2020). The value is {whose} word."
        )
    cells = (int(samples.x.max()) + 1) * (int(samples.y.max()) + 1) if samples.kind == "categories" else 0
    if cells > SPARSE * found.n_p:
        warnings.append(
            f"{cells:,} pairs of categories are possible and there are {found.n_p:,} samples: counting finds "
            "information where there is none, and how much is a guess. Merge rare categories, and ask for permutations."
        )
    return replace(found, ceiling=ceiling, warnings=tuple(warnings))
