"""The report: runs, or a comparison, as one HTML file that opens offline."""

from fgan.reporting.html.page import Report, report, write_report

__all__ = ["Report", "report", "write_report"]
