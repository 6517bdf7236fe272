"""Whatever is typed as f gets an answer: curves and laws, or what is wrong with it."""

import json
import math

import pytest

from fgan.divergences import EXAMPLES
from fgan.lab.any_f import answer, laws


@pytest.mark.parametrize("text", ["u*log(u)", "f(u) = u*log(u)", " u * log(u) ", "kl"])
def test_kl_in_every_spelling(text):
    found = answer(text)
    assert found["recognised"] == "kl" and all(law["holds"] for law in laws(text)["laws"])
    at = found["log_ratio"].index(0.0)
    assert found["T"][at] == pytest.approx(1) and found["w"][at] == pytest.approx(1)
    for u, f in zip(found["u"], found["f"], strict=True):
        assert f == pytest.approx(u * math.log(u) if u else 0, abs=1e-9)
    for t, conjugate in zip(found["t"], found["conjugate"], strict=True):
        assert conjugate == pytest.approx(math.exp(t - 1), rel=1e-6)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_divergence_has_curves(name):
    found = answer(name)
    assert "error" not in found, found
    json.dumps(found, allow_nan=False)
    for curve in ("f", "conjugate", "T", "w"):
        assert sum(value is not None for value in found[curve]) > 50, curve


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "type an f"),
        ("-(u-1)**2", "convex"),
        ("import os", ""),
        ("__import__('os').system('true')", ""),
        ("u*log(v)", "v"),
        ("(" * 500, ""),
        ("u" * 5000, ""),
        ("u**u**u**u", ""),
        ("9**9**9**9", ""),
        ("klll", "kl"),
    ],
)
def test_a_mistake_is_said(text, said):
    found = answer(text)
    assert list(found) == ["error"] and said in found["error"] and len(found["error"]) < 1000
