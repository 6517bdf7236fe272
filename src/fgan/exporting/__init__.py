"""A trained generator leaves the house: as ONNX, as a torch program, as safetensors, as a folder for the hub."""

from fgan.exporting.export import TARGETS, export
from fgan.exporting.hub import push
from fgan.exporting.load import is_exported, opened, read_exported
from fgan.exporting.trained import TrainedGenerator

__all__ = ["TARGETS", "TrainedGenerator", "export", "is_exported", "opened", "push", "read_exported"]
