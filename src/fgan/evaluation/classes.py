"""Metrics from a classifier: its score, and which classes the samples cover."""

from __future__ import annotations

import torch
from torch import Tensor

from fgan.evaluation.domain import FEWER, Caveat
from fgan.evaluation.jackknife import Jackknife, Uncertain, jackknife, leave_out, sum_by_group
from fgan.memory import require_memory


def classifier_score(logits: Tensor) -> Jackknife:
    r"""Return exp E KL(p(y|x) ‖ p(y)) from logits (n, K): 1 is worst, K is best. With Inception, the Inception Score.

    It is computed from all samples at once; the original averages over ten splits.

    Source: Salimans et al., "Improved Techniques for Training GANs" (2016), §4.

    >>> round(classifier_score(100 * torch.eye(4).repeat(20, 1)).value, 6)
    4.0
    """
    log_p = logits.double().log_softmax(1)
    p = log_p.exp()
    ones = torch.ones(len(p), 1, dtype=p.dtype, device=p.device)
    sums = leave_out(sum_by_group(torch.cat([p, (p * log_p).sum(1, keepdim=True), ones], 1)))
    n = sums[:, -1]
    marginal, negative_entropy = sums[:, :-2] / n[:, None], sums[:, -2] / n
    found = jackknife((negative_entropy - torch.special.xlogy(marginal, marginal).sum(1)).exp())
    count = logits.shape[1]
    if count == 1:
        return found.with_caveats(Caveat("the classifier has only one class, so the score is always 1", True))
    if len(torch.unique(logits.argmax(1))) == 1:
        found = found.with_caveats(Caveat("all samples belong to one class"))
    return found.with_caveats(*too_few(len(logits), count))


def too_few(n: int, count: int) -> tuple[Caveat, ...]:
    """Return a caveat if there are fewer samples than classes.

    >>> too_few(20, 1000)[0].text
    '20 samples cannot cover all of 1000 classes'
    """
    return () if n >= count else (Caveat(f"{n} samples cannot cover all of {count} classes"),)


def class_coverage(logits: Tensor, reference: Tensor) -> dict[str, Uncertain]:
    """Return how many classes have a sample, and KL(classes of samples ‖ of the reference), in nats.

    Args:
        logits: of samples (n, K).
        reference: logits of real samples (m, K). Half a sample is added to each class, so that a class without real
            samples costs much, but not infinitely much.

    Source: Lin et al., "PacGAN" (2018), §4.1.

    >>> logits = torch.eye(3)[torch.arange(40) % 2]
    >>> found = class_coverage(logits, logits)
    >>> found["modes"].value
    2.0
    """
    return coverage_of(logits.argmax(1), reference.argmax(1), logits.shape[1])


def coverage_of(modes: Tensor, reference: Tensor, count: int) -> dict[str, Uncertain]:
    """Do what `class_coverage` does, from the mode of each sample (n,) and of each real one (m,); -1 for none."""
    most = max(len(modes), len(reference))
    what = f"modes of {most:,} samples in {count:,} classes"
    require_memory(24.0 * most * (count + 1), what, FEWER, modes.device)
    # One more column for samples in no mode, so that they do not improve the shares.
    q, p = (
        leave_out(sum_by_group(torch.nn.functional.one_hot(which + 1, count + 1)))
        for which in (modes, reference)
    )
    p = (p + 0.5) / (p + 0.5).sum(1, keepdim=True)
    q_share = q / q.sum(1, keepdim=True)
    divergence = (torch.special.xlogy(q_share, q_share) - torch.special.xlogy(q_share, p)).sum(1)
    ours, theirs = too_few(len(modes), count), too_few(len(reference), count)
    real = int((torch.bincount(reference + 1, minlength=count + 1)[1:] > 0).sum())
    if not theirs and real < 2 <= count:
        theirs = (Caveat(f"the real samples cover only {real} of {count} classes"),)
    return {
        "modes": distinct(q[0, 1:]).with_caveats(*ours),
        "modes-kl": jackknife(divergence).with_caveats(*dict.fromkeys([*ours, *theirs])),
    }


def distinct(counts: Tensor) -> Uncertain:
    r"""Return how many of the modes with these counts (K,) have a sample, and how sure that is.

    .. math:: SE^2 = \sum_{c > 0} e^{-c} (1 - e^{-c}) + \tfrac14 \min(f_1^2 / 2 f_2, K_0)

    A mode with c samples would have none in another draw with probability e^-c; of the K₀ without, Chao's estimate
    from those with one and with two samples, f₁ and f₂, says how many another draw might have.

    Source: Chao, "Nonparametric estimation of the number of classes in a population" (1984).

    >>> distinct(torch.tensor([100.0, 50.0, 0.0])).value
    2.0
    """
    seen = counts[counts > 0]
    lost = (-seen).exp()
    once, twice = (float((counts == c).sum()) for c in (1, 2))
    unseen = min(once**2 / max(2 * twice, 1), float((counts == 0).sum()))
    error = (float((lost * (1 - lost)).sum()) + unseen / 4) ** 0.5
    return Uncertain(float(len(seen)), error, highest=len(counts))
