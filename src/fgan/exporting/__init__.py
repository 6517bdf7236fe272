"""Export trained generators: ONNX, torch.export programs, safetensors, Hugging Face hub folders."""

from fgan.exporting.export import TARGETS, export
from fgan.exporting.hub import push
from fgan.exporting.load import is_exported, opened, read_exported
from fgan.exporting.trained import TrainedGenerator

__all__ = ["TARGETS", "TrainedGenerator", "export", "is_exported", "opened", "push", "read_exported"]
