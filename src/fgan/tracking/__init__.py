"""Trackers: TensorBoard, Weights & Biases, trackio; see `fgan.train(..., log_to=...)`."""

from fgan.tracking.choose import TRACKERS, checked_trackers, trackers_of

__all__ = ["TRACKERS", "checked_trackers", "trackers_of"]
