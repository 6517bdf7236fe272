"""Distil a classifier of digits into a small one, by several divergences between teacher and student.

python examples/distil_classifier.py [--seeds 3] [--labels 200]

The teacher has seen 1,200 labelled scans (scikit-learn's digits). The student sees the same scans without labels, and
the teacher's logits. For comparison, a student of the same size learns from a few labels alone.
"""

import argparse
from collections.abc import Callable

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import Tensor, nn

import fgan

TEMPERATURE = 2.0
TRAIN = 1200


def network(width: int) -> nn.Module:
    return nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Linear(width, 10))


def fitted(net: nn.Module, x: Tensor, loss: Callable[[Tensor], Tensor], steps: int = 300) -> nn.Module:
    adam = torch.optim.Adam(net.parameters(), lr=5e-3)
    for _ in range(steps):
        adam.zero_grad()
        loss(net(x)).backward()
        adam.step()
    return net


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--labels", type=int, default=200)
    parser.add_argument(
        "--divergences", nargs="+", default=["kl", "reverse-kl", "js", "squared-hellinger", "jeffreys"]
    )
    arguments = parser.parse_args()

    digits = load_digits()
    x, y = torch.tensor(digits.data).float() / 16, torch.tensor(digits.target)
    seen, x, x_test, labels, y_test = x[:TRAIN], x[:TRAIN], x[TRAIN:], y[:TRAIN], y[TRAIN:]

    torch.manual_seed(0)
    teacher = fitted(network(128), x, lambda logits: F.cross_entropy(logits, labels))
    with torch.no_grad():
        taught, expected = teacher(seen), teacher(x_test)

    few = arguments.labels
    losses: dict[str, Callable[[Tensor], Tensor]] = {
        f"{few} labels": lambda logits: F.cross_entropy(logits[:few], labels[:few])
    }
    for name in arguments.divergences:
        losses[name] = lambda logits, name=name: (
            TEMPERATURE**2 * fgan.losses.between(taught / TEMPERATURE, logits / TEMPERATURE, name)
        )

    print(f"teacher: accuracy {float((expected.argmax(1) == y_test).float().mean()):.3f}")
    print(f"{'student by':18} accuracy, {arguments.seeds} seeds  KL(teacher‖student)")
    for name, loss in losses.items():
        accuracy, distance = [], []
        for seed in range(arguments.seeds):
            torch.manual_seed(seed)
            student = fitted(network(8), seen, loss)
            with torch.no_grad():
                logits = student(x_test)
            accuracy.append(float((logits.argmax(1) == y_test).float().mean()))
            distance.append(float(fgan.losses.between(expected, logits)))
        mean, spread = torch.tensor(accuracy).mean(), max(accuracy) - min(accuracy)
        print(f"{name:18} {mean:.3f} (range {spread:.3f})  {sum(distance) / len(distance):.3f}")


if __name__ == "__main__":
    main()
