"""A report in sentences: what was compared, what won or that nothing did, what went wrong, what to try next."""

from fgan.reporting.html.summary.build import of_folder, summarise
from fgan.reporting.html.summary.result import Step, Summary

__all__ = ["Step", "Summary", "of_folder", "summarise"]
