"""Pictures and animations: walks through latents, a grid by class, a time lapse of training."""

from fgan.training.pictures.rows import draw_by_class, draw_rows, in_rows
from fgan.training.pictures.side_by_side import side_by_side
from fgan.training.pictures.time_lapse import TIME_LAPSE, keep_time_lapse, often_enough, time_lapse
from fgan.training.pictures.walk import between, interpolated, walk

__all__ = [
    "TIME_LAPSE",
    "between",
    "draw_by_class",
    "draw_rows",
    "in_rows",
    "interpolated",
    "keep_time_lapse",
    "often_enough",
    "side_by_side",
    "time_lapse",
    "walk",
]
