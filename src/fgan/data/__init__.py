"""Data sets: toys, digits, MNIST, images, arrays and tables; and pictures of samples."""

from fgan.data.arrays import save_array
from fgan.data.dataset import Dataset, FunctionSource, Modes, Shard, Source, TensorSource
from fgan.data.load import absolute_name, load_data
from fgan.data.passed import as_dataset
from fgan.data.pictures import draw_samples, save_picture
from fgan.data.tables import read_table
from fgan.frame import Frame

__all__ = [
    "Dataset",
    "Frame",
    "FunctionSource",
    "Modes",
    "Shard",
    "Source",
    "TensorSource",
    "absolute_name",
    "as_dataset",
    "draw_samples",
    "load_data",
    "read_table",
    "save_array",
    "save_picture",
]
