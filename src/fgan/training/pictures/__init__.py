"""Pictures to share: walks through latents, a grid by class, a time lapse of training."""

from fgan.training.pictures.by_class import draw_by_class
from fgan.training.pictures.time_lapse import TIME_LAPSE, time_lapse
from fgan.training.pictures.walk import between, interpolated, walk

__all__ = ["TIME_LAPSE", "between", "draw_by_class", "interpolated", "time_lapse", "walk"]
