"""The report: runs, or a comparison, as one HTML file that opens offline."""

from fgan.reporting.html.page import Report, write_report

__all__ = ["Report", "write_report"]
