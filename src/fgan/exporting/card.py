"""The model card of a hub folder: what the generator is, how good it is, how to use it."""

from __future__ import annotations

import json
import re
from typing import Any

from fgan.errors import DataError, ExportError
from fgan.evaluation.result import Evaluation, Measurement, caveats_of
from fgan.exporting.trained import TrainedGenerator
from fgan.training.run_directory import RunDirectory
from fgan.visible import fgan_command, visible

NAME = "USER/NAME"
"""Stands for where the folder will be; `fgan push` writes the repository in its place."""
ON_THE_HUB = {"mnist": "ylecun/mnist", "stacked-mnist": "ylecun/mnist"}
"""Data sets that the hub has too."""
UNKNOWN = "unknown"


def card_of(
    trained: TrainedGenerator, license: str | None, evaluation: Evaluation | None, notes: list[str]
) -> str:
    """Return README.md.

    Args:
        trained: what is exported.
        license: its identifier on the hub, such as "mit"; None leaves it unknown, and says so.
        evaluation: of this checkpoint; None for none.
        notes: remarks on the run.
    """
    about = trained.about
    parts = [
        _front_matter(trained, license or UNKNOWN, evaluation),
        f"# A generator of {about['data']}",
        f"{_what(trained)}\n\n![samples](samples.png)",
        _use(trained),
        "## How good is it?\n\n" + _quality(evaluation, about["data"]),
        "## Caveats\n\n" + "\n".join(f"- {line}" for line in _caveats(trained, evaluation, notes)),
        "## Recipe\n\n" + _recipe(about["recipe"]),
        "## Licence\n\n" + (license or "Unknown. Ask the author before you use this generator."),
    ]
    return visible("\n\n".join(parts)) + "\n"


def evaluation_of(run: RunDirectory, step: int, best: bool) -> tuple[Evaluation | None, str]:
    """Return the evaluation in a run's folder if it is of this checkpoint, and what to say where it is not.

    Raises:
        ExportError: where it is damaged.
    """
    path = run.path / "evaluation.json"
    if not path.is_file():
        return None, ""
    try:
        found = Evaluation.read(path)
    except DataError as error:
        raise ExportError(f"{error} Make it again: {fgan_command('evaluate', run.path)}") from error
    judged = re.search(r"step ([\d,]+)$", found.samples)
    if judged is None:
        return None, "The run's evaluation does not say which checkpoint it is of, so it is left out."
    judged_step = int(judged[1].replace(",", ""))
    if judged_step != step:
        flag = " --best" if best else ""
        return None, (
            f"The run's evaluation is of step {judged_step:,}, not of this checkpoint, so it is left out. "
            f"Run `fgan evaluate{flag}` to evaluate this one."
        )
    return found, ""


def _front_matter(trained: TrainedGenerator, license: str, evaluation: Evaluation | None) -> str:
    """Return the YAML head that the hub reads; its values are JSON, which is YAML too."""
    about, image = trained.about, len(trained.frame.shape) == 3
    task = "unconditional-image-generation"
    entries: dict[str, Any] = {
        "library_name": "fgan",
        "license": license,
        "tags": list(dict.fromkeys(["fgan", "gan", "f-divergence", "pytorch", about["divergence"]])),
    }
    if image:
        entries["pipeline_tag"] = task
    if about["data"] in ON_THE_HUB:
        entries["datasets"] = [ON_THE_HUB[about["data"]]]
    usable = [] if evaluation is None else [one for one in evaluation.metrics.items() if one[1].usable]
    if usable:
        entries["model-index"] = [
            {
                "name": f"{about['data']} by {about['divergence']}",
                "results": [
                    {
                        "task": {"type": task if image else "other"},
                        "dataset": {"type": ON_THE_HUB.get(about["data"], about["data"]), "name": about["data"]},
                        "metrics": [
                            {"type": name, "name": f"{name}, 95% interval {found.low:.4g} to {found.high:.4g}",
                             "value": found.value}
                            for name, found in usable
                        ],
                    }
                ],
            }
        ]  # fmt: skip
    lines = (f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in entries.items())
    return "\n".join(["---", *lines, "---"])


def _what(trained: TrainedGenerator) -> str:
    about = trained.about
    shape = " × ".join(map(str, trained.frame.shape))
    kind = (
        f"images ({shape}, values from 0 to 1)"
        if len(trained.frame.shape) == 3
        else f"vectors ({shape} numbers)"
    )
    classes = (
        f" of {len(trained.classes)} classes ({', '.join(trained.classes[:20])}" if trained.classes else ""
    )
    closing = (", ...)" if len(trained.classes) > 20 else ")") if trained.classes else ""
    network = (trained.architecture or {}).get("kind", "custom")
    return (
        f"A GAN trained by fgan {about['fgan']} with the divergence "
        f"`{about['divergence']}` on `{about['data']}`. It turns {trained.latent} standard normal numbers into "
        f"{kind}{classes}{closing}. Network: {network}; checkpoint: step {about['step']:,}"
        f"{', the best of those evaluated during training' if about.get('best') else ''}."
    )


def _use(trained: TrainedGenerator) -> str:
    label = f", label={json.dumps(trained.classes[0], ensure_ascii=False)}" if trained.classes else ""
    fed = ', "label": labels' if trained.classes else ""
    given = ", labels" if trained.classes else ""
    labels = f"labels = torch.arange(16) % {len(trained.classes)}\n" if trained.classes else ""
    as_numpy = fed.replace("labels", "labels.numpy()")
    if trained.architecture is None:
        return f"""## Use

This is a custom network. Its code is not in this folder, but a torch.export program is, which runs with torch alone:

```python
import torch
from huggingface_hub import hf_hub_download

program = torch.export.load(hf_hub_download("{NAME}", "generator.pt2")).module()
z = torch.randn(16, {trained.latent})
{labels}samples = program(z{given})
```

With its code as `TheNetwork`: `fgan.load("hub:{NAME}", generator=TheNetwork).sample(64)`."""
    return f"""## Use

With fgan, `pip install "fgan[hub]"`:

```python
import fgan

trained = fgan.load("hub:{NAME}")
samples = trained.sample(64, seed=0{label})
```

or `fgan sample hub:{NAME} --n 64 --out samples.png`.

Without fgan: `fgan export hub:{NAME} --to torch --out generator.pt2` (or `--to onnx --out generator.onnx`) writes a
standalone program:

```python
import torch

z = torch.randn(16, {trained.latent})
{labels}samples = torch.export.load("generator.pt2").module()(z{given})

import onnxruntime

session = onnxruntime.InferenceSession("generator.onnx")
(samples,) = session.run(None, {{"latent": z.numpy(){as_numpy}}})
```"""


def _quality(evaluation: Evaluation | None, data: str) -> str:
    if evaluation is None:
        return "Not evaluated."
    heading = evaluation.floor_heading
    rows = [f"| | value [95% interval] | {heading} | better |", "|---|---|---|---|"]
    rows += [
        f"| {name} | {found.text()} | {_floor(found)} | {found.better} |"
        for name, found in evaluation.metrics.items()
    ]
    features = evaluation.extractor
    weights = f", weights {features['sha256'][:12]}" if features.get("sha256") else ""
    return (
        f"{evaluation.n:,} samples against {evaluation.reference} of {data}; features: {features['name']}{weights}.\n\n"
        + "\n".join(rows)
    )


def _floor(found: Measurement) -> str:
    return found.floor.text() if found.floor else "-"


def _caveats(trained: TrainedGenerator, evaluation: Evaluation | None, notes: list[str]) -> list[str]:
    found = list(notes)
    if evaluation is not None:
        found += dict.fromkeys([*evaluation.warnings, *caveats_of(evaluation.metrics)])
        found += [
            f"{name} was not computed, because it needs {why}" for name, why in evaluation.skipped.items()
        ]
    return [
        *found,
        "Samples can repeat training data, and they share its gaps and biases.",
    ]


def _recipe(recipe: dict[str, Any]) -> str:
    return f"```json\n{json.dumps(recipe, indent=2, ensure_ascii=False)}\n```"
