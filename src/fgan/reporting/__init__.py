"""What people look at: figures made from runs."""

from fgan.reporting.figures import side_by_side

__all__ = ["side_by_side"]
