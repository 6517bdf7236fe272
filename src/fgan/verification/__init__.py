"""The laws of f-divergences, checked on the catalogue and on custom code."""

from fgan.verification.contained import apart
from fgan.verification.foreign import examine, verify
from fgan.verification.laws import LAWS, LAWS_OF_F, LAWS_OF_LINKS, broken_laws
from fgan.verification.loading import Foreign, foreign, is_target, load, named
from fgan.verification.report import Break, BrokenLawError, Report, counted

__all__ = [
    "LAWS",
    "LAWS_OF_F",
    "LAWS_OF_LINKS",
    "Break",
    "BrokenLawError",
    "Foreign",
    "Report",
    "apart",
    "broken_laws",
    "counted",
    "examine",
    "foreign",
    "is_target",
    "load",
    "named",
    "verify",
]
