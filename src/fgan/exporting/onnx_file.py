"""`--to onnx`: a file that onnxruntime and others run."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor

from fgan.errors import ExportError, first_line
from fgan.exporting.description import flat
from fgan.exporting.program import difference, traced
from fgan.exporting.trained import TrainedGenerator

OPSET = 18
"""What torch's exporter writes from torch 2.6 on, without a conversion."""


def onnx_bytes(trained: TrainedGenerator) -> tuple[bytes, str]:
    """Return the file, and how far onnxruntime is from torch.

    Raises:
        ExportError: where packages are missing, or the generator has an operation that ONNX lacks.
    """
    missing = [name for name in ("onnx", "onnxscript") if find_spec(name) is None]
    if missing:
        raise ExportError(
            f'--to onnx needs {" and ".join(missing)}, not installed here. Run: pip install "fgan[onnx]".'
        )
    model = _translated(trained)
    _name_the_batch(model)
    for name, value in flat(trained).items():
        model.metadata_props.add(key=name, value=value)
    model.producer_name, model.producer_version = "fgan", flat(trained)["fgan_version"]
    content = model.SerializeToString()
    return content, _checked(trained, content)


def _translated(trained: TrainedGenerator) -> Any:  # noqa: ANN401 - onnx's own types may be absent
    names = ["latent", "label"] if trained.classes else ["latent"]
    program = traced(trained)
    try:
        with _quiet():
            found = torch.onnx.export(
                program,
                (),
                dynamo=True,
                opset_version=OPSET,
                input_names=names,
                output_names=["sample"],
                verbose=False,
            )
    except Exception as error:  # torch.onnx has no error of its own in every version
        raise ExportError(
            f"torch could not write the generator of {trained.source} as ONNX "
            f"({type(error).__name__}: {first_line(error) or 'no reason given'}). Use --to torch, or a newer "
            'torch and: pip install -U "fgan[onnx]".'
        ) from error
    assert found is not None, "a program is returned where no file is named"
    return found.model_proto


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep torch's exporter from telling that torchvision is missing, and of its own old calls."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _name_the_batch(model: Any) -> None:  # noqa: ANN401
    """Call the dimension that may vary "batch", and leave no files of this machine in the notes of nodes."""
    graph = model.graph
    for value in (*graph.input, *graph.output, *graph.value_info):
        for dimension in value.type.tensor_type.shape.dim:
            if dimension.dim_param:
                dimension.dim_param = "batch"
        value.ClearField("metadata_props")
    for part in (*graph.node, *graph.initializer, graph, *model.functions):
        part.ClearField("metadata_props")
    model.ClearField("metadata_props")


def _checked(trained: TrainedGenerator, content: bytes) -> str:
    if find_spec("onnxruntime") is None:
        return 'not checked, because onnxruntime is not installed. Run: pip install "fgan[onnx]"'
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_inputs()]

    def run(*inputs: Tensor) -> Tensor:
        fed = {name: value.numpy() for name, value in zip(names, inputs, strict=True)}
        return torch.from_numpy(session.run(None, fed)[0])

    found = difference(trained, run)
    return f"onnxruntime {onnxruntime.__version__} differs from torch by {found:.1g}"
