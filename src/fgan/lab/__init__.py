"""The live page: divergences that train side by side, and the race behind it for Python."""

from fgan.lab.race import Race
from fgan.lab.settings import Member, Settings

__all__ = ["Member", "Race", "Settings"]
