"""Which divergences a test is about: all, those that can train, those that know the ratio, one of each family."""

from fgan.divergences import CATALOGUE, EXAMPLES, divergence

EVERY = list(EXAMPLES)
SMOOTH = [name for name in EVERY if divergence(name).smooth]
IDENTIFYING = [name for name in EVERY if divergence(name).identifies_ratio]
"""The critic's output determines p/q."""
TRAINABLE = [name for name in EVERY if divergence(name).smooth or divergence(name).link == "paper"]
REGULAR = [name for name in EVERY if divergence(name).local_order is not None]
"""f''(1) is positive and finite. Not so for total variation, Marton, chi:1.5."""
ONE_OF_EACH_FAMILY = [next(name for name in EVERY if name.split(":")[0] == family) for family in CATALOGUE]


def with_links(names: list[str]) -> list[tuple[str, str]]:
    """Return each name with each of its links."""
    return [(name, link) for name in names for link in divergence(name).links]


EVERY_LINK = with_links(EVERY)
