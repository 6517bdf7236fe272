"""`fgan.estimate`: how far apart are these two sets of samples, and how sure is that?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from fgan.device import resolve_device
from fgan.divergences import EXAMPLES, Divergence
from fgan.divergences import divergence as divergence_named
from fgan.errors import FganError
from fgan.estimation.designs.design import CrossFit, TwoSamples, cross_fit
from fgan.estimation.evidence import Evidence, checked
from fgan.estimation.inputs.encoding import Pair, pair_of
from fgan.estimation.inputs.notes import FEWEST, notes_on
from fgan.estimation.inputs.read import Samples
from fgan.estimation.methods import Method, Setting, choose
from fgan.estimation.permutation import permutation_p_value
from fgan.estimation.result import Estimate, Estimates, Source
from fgan.output import Say, to_stderr

CURVE = (8, 4, 2)
"""The learning curve looks at these parts of the samples."""
PERFECT = 0.997
"""A classifier right so often, as for normal distributions 15 nats apart, hardly says how far apart they are."""

Named = str | Divergence


def estimate(
    p: Samples,
    q: Samples,
    divergence: Named | Sequence[Named] = "kl",
    *,
    method: str = "auto",
    folds: int = 5,
    permutations: int = 0,
    curve: bool = False,
    n: int | None = None,
    seed: int = 0,
    device: str = "auto",
    say: Say = to_stderr,
) -> Estimate | Estimates:
    r"""Estimate D_f(P‖Q) from samples of P and of Q, by samples that neither trained nor chose the critic.

    .. math:: D_f(P\|Q) \ge E_P[f'(e^l)] - E_Q[f^*(f'(e^l))], \quad \text{equal at } l = \log(p/q)

    Each of the folds reports on a critic l that the others trained and stopped; together every sample reports once.
    See `fgan.estimation.prices` for what `value` and `bound` are made of.

    Args:
        p, q: samples: arrays, tensors or lists (n,) or (n, d); images (n, h, w), (n, c, h, w) or (n, h, w, c); whole
            numbers, words or truth values, which are categories; tables of named columns; names of data or run
            directories, from which samples are drawn.
        divergence: a name, a `Divergence`, several of them, or "all" for the whole catalogue from one critic.
        method: a key of `fgan.estimation.METHODS`, or "auto".
        folds: parts that report in turn.
        permutations: of the two-sample test, such as 999; 0 for none. Its critic is trained on one half of the
            samples and tested on the other.
        curve: estimate from an eighth, a quarter and a half of the samples too.
        n: samples drawn from runs and distributions (10,000 unless told), and at most taken of all others.
        seed: decides folds, networks, draws and permutations.
        device: where networks are trained; "auto" takes a GPU where torch has one.
        say: told what is worth knowing of data that are loaded.

    Returns:
        An `Estimate`, or `Estimates` by name where several divergences were asked for.

    Raises:
        DataError: for samples that cannot be read or compared, fewer than 50 of a set, NaN.
        FganError: for an unknown divergence or method, or one that does not take such samples.

    Source: Nguyen, Wainwright and Jordan, "Estimating divergence functionals and the likelihood ratio by convex risk
    minimization" (2010), for the bound; Chernozhukov et al., "Double/debiased machine learning" (2018), for
    cross-fitting.

    >>> random = torch.Generator().manual_seed(0)
    >>> found = estimate(1 + torch.randn(500, 1, generator=random), torch.randn(500, 1, generator=random))
    >>> found.lower_bound <= 0.5 <= found.interval[1]  # KL of N(1, 1) and N(0, 1) is ½
    True
    """
    wanted, several = divergences_of(divergence)
    pair = pair_of(p, q, n=n, seed=seed, say=say)
    check_numbers(folds, permutations, min(len(pair.p), len(pair.q)))
    name, chosen, reason = choose(method, pair)
    run = _Run(_Plan(pair, wanted, name, chosen, reason, folds, permutations, seed, resolve_device(device)))
    if method == "auto" and pair.kind == "vectors":
        run = run.telescoped_if_far()
    found, skipped = run.estimates()
    if curve:
        found = _with_curve(found, run)
    return checked(found, skipped) if several else next(iter(found.values()))


@dataclass(frozen=True)
class _Plan:
    """What is to be done with a pair of samples; see `estimate`."""

    pair: Pair
    wanted: list[Divergence]
    name: str
    method: Method
    reason: str
    folds: int
    permutations: int
    seed: int
    device: str


def trained_for(wanted: Sequence[Divergence]) -> Divergence:
    """Return the divergence that a bound is trained for: the first whose critic knows the ratio, if there is one."""
    return next((one for one in wanted if one.identifies_ratio and one.smooth), wanted[0])


class _Run:
    """A plan carried out: critics, and what they say."""

    def __init__(self, plan: _Plan) -> None:
        self.plan, self.pair, self.method = plan, plan.pair, plan.method
        self.p_value: float | None = None
        self.source = Source.of(plan.pair, self._fit())
        self.diagnostics = self.source.diagnosed()

    def _fit(self) -> CrossFit | None:
        plan, p, q = self.plan, self.pair.p, self.pair.q
        if self.method.learner is None:
            if plan.permutations:
                raise FganError(
                    f'the permutation test asks a critic, and method "{plan.name}" has none. Take another method, '
                    "or permutations=0."
                )
            return None
        learner = self.method.learner(Setting(self.pair, trained_for(plan.wanted), plan.seed, plan.device))
        design = TwoSamples(p, q, plan.folds, plan.seed)
        halves = TwoSamples(p, q, 2, plan.seed + 1)
        jobs = [design.job(fold) for fold in range(plan.folds)]
        critics = learner([*jobs, *([halves.job(0)] if plan.permutations else [])])
        if plan.permutations:
            tester = critics.pop()
            on_p, on_q = (tester(side) for side in halves.report(0))
            self.p_value = permutation_p_value(on_p, on_q, plan.permutations, plan.seed)
        return cross_fit(design, critics)

    def telescoped_if_far(self) -> _Run:
        """Return a run by telescoping, where a classifier errs so seldom that it cannot tell how far apart they are."""
        found = self.diagnostics
        if found is None or found.accuracy < PERFECT:
            return self
        name, method, _ = choose("telescoping", self.pair)
        right = f"{found.accuracy:.1%}"
        reason = f"a classifier is right {right} of the time and cannot tell how far apart they are"
        return _Run(replace(self.plan, name=name, method=method, reason=reason))

    def estimates(self) -> tuple[dict[str, Estimate], dict[str, str]]:
        """Return an estimate for each divergence that the method has a number for, and why not for the others."""
        plan, pair = self.plan, self.pair
        evidence = Evidence(
            method=plan.name,
            reason=plan.reason,
            caveat=self.method.caveat,
            n_p=len(pair.p),
            n_q=len(pair.q),
            source=self.source,
            diagnostics=self.diagnostics,
            p_value=self.p_value,
            notes=notes_on(pair.p, pair.q, pair.kind, pair.columns),
        )
        direct = {
            one: self.method.value(one, pair.p, pair.q) if self.method.value else None for one in plan.wanted
        }
        return evidence.estimates(Estimate, direct)


def _with_curve(found: dict[str, Estimate], run: _Run) -> dict[str, Estimate]:
    """Return the same estimates with those of smaller parts of the samples in their diagnostics."""
    if run.diagnostics is None:
        raise FganError(
            f'the learning curve is of a critic, and method "{run.plan.name}" has none. Leave it out.'
        )
    generator = torch.Generator().manual_seed(run.plan.seed)
    orders = [torch.randperm(len(side), generator=generator) for side in (run.pair.p, run.pair.q)]
    curves: dict[str, list[tuple[int, float, float, float]]] = {name: [] for name in found}
    for part in CURVE:
        rows = [order[: len(order) // part] for order in orders]
        smallest = min(map(len, rows))
        if smallest < FEWEST:
            continue
        pair = replace(run.pair, p=run.pair.p[rows[0]], q=run.pair.q[rows[1]])
        smaller = _Run(replace(run.plan, pair=pair, permutations=0))
        for name, one in smaller.estimates()[0].items():
            assert one.bound is not None, "the method has critics"
            curves[name].append((smallest, one.bound.value, one.bound.standard_error, one.value))
    for name, one in found.items():
        assert one.bound is not None and one.diagnostics is not None, "the method has critics"
        last = (min(one.n_p, one.n_q), one.bound.value, one.bound.standard_error, one.value)
        diagnostics = replace(one.diagnostics, curve=(*curves[name], last))
        found[name] = replace(one, diagnostics=diagnostics)
    return found


def divergences_of(given: Named | Sequence[Named]) -> tuple[list[Divergence], bool]:
    """Return the divergences that are meant, and whether several were asked for."""
    if isinstance(given, Divergence):
        return [given], False
    if given == "all":
        return [divergence_named(name) for name in EXAMPLES], True
    if isinstance(given, str):
        return [divergence_named(given)], False
    if not given:
        raise FganError('name at least one divergence, such as "kl", or "all"; got none.')
    return [one if isinstance(one, Divergence) else divergence_named(one) for one in given], True


def check_numbers(folds: int, permutations: int, n: int) -> None:
    """Raise an FganError for folds that n samples do not fill, or permutations that can show nothing."""
    if not 2 <= folds <= n // 5:
        raise FganError(
            f"folds must be 2 or more, with 5 samples of each set in every one; got {folds} for {n} samples."
        )
    if permutations < 0 or 0 < permutations < 19:
        raise FganError(
            f"permutations must be 0, or at least 19 to reach a p-value of 0.05; got {permutations}. Take 999."
        )
