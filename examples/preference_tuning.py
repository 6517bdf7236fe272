"""Tune a tiny policy to preferences by f-DPO, with several divergences from the reference.

python examples/preference_tuning.py [--pairs 20000] [--beta 0.5]

Twelve answers have a quality that the tuner never sees. It sees pairs, and which of the two a judge preferred. Every
divergence gives another policy from the same pairs: compare how good its answers are, and how varied they stay.
"""

import argparse

import torch
from torch import Tensor

import fgan

ANSWERS = 12
QUALITY = torch.linspace(0, 3, ANSWERS)
REFERENCE = torch.linspace(1.0, -1.0, ANSWERS).log_softmax(0)
"""The log-probabilities of the answers before tuning: poor answers are the likelier ones."""


def preferences(pairs: int) -> tuple[Tensor, Tensor]:
    """Return the preferred and the other answer of each pair, judged as Bradley and Terry have it."""
    first, second = torch.multinomial(torch.full((pairs, ANSWERS), 1.0), 2).T
    prefers_first = torch.rand(pairs) < (QUALITY[first] - QUALITY[second]).sigmoid()
    return torch.where(prefers_first, first, second), torch.where(prefers_first, second, first)


def tuned(chosen: Tensor, rejected: Tensor, divergence: str, beta: float) -> Tensor:
    """Return the policy's log-probabilities after f-DPO on all pairs."""
    logits = REFERENCE.clone().requires_grad_()
    adam = torch.optim.Adam([logits], lr=0.05)
    for _ in range(600):
        log_ratio = logits.log_softmax(0) - REFERENCE
        loss = fgan.losses.preference_loss(log_ratio[chosen], log_ratio[rejected], divergence, beta=beta)
        adam.zero_grad()
        loss.backward()
        adam.step()
    return logits.log_softmax(0).detach()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=20_000)
    parser.add_argument("--beta", type=float, default=0.5)
    parser.add_argument(
        "--divergences", nargs="+", default=["kl", "reverse-kl", "js", "alpha:0.5", "pearson + kl"]
    )
    arguments = parser.parse_args()

    torch.manual_seed(0)
    chosen, rejected = preferences(arguments.pairs)
    print(f"{'':14} mean quality  entropy  KL from the reference")
    policies = {"reference": REFERENCE}
    for name in arguments.divergences:
        # f''(1) sets how strongly a divergence holds the policy near the reference; scaled, β means the same for all.
        policies[name] = tuned(chosen, rejected, f"scaled({name})", arguments.beta)
    for name, log_policy in policies.items():
        policy = log_policy.exp()
        quality, entropy = float((policy * QUALITY).sum()), float(-(policy * log_policy).sum())
        moved = float(fgan.losses.between(log_policy, REFERENCE, "kl"))
        print(f"{name:14} {quality:12.3f}  {entropy:7.3f}  {moved:21.3f}")


if __name__ == "__main__":
    main()
