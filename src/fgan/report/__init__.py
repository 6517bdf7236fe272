"""What people look at: figures made from runs."""

from fgan.report.figures import side_by_side

__all__ = ["side_by_side"]
