"""The names of fgan's own networks, read without torch: each is a file in `networks/pairs/`."""

import pkgutil
from pathlib import Path

NETWORK_NAMES = tuple(
    sorted(
        module.name for module in pkgutil.iter_modules([str(Path(__file__).parent / "networks" / "pairs")])
    )
)
