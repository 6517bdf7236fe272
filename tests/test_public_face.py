"""What `import fgan` offers: the names and their signatures are frozen in public_face.txt.

After a change that is meant, write the file anew: python tests/test_public_face.py
"""

import dataclasses
import inspect
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import fgan

FROZEN = Path(__file__).with_name("public_face.txt")
WANTED = {
    *(
        "train",
        "compare",
        "audit",
        "evaluate",
        "between",
        "losses",
        "estimate",
        "mutual_information",
        "frontier",
        "DensityRatio",
        "verify",
        "report",
        "load",
        "export",
        "push",
    ),
    *(
        "Run",
        "RunDirectory",
        "Generator",
        "GANLoss",
        "divergence",
        "Divergence",
        "preset",
        "load_data",
        "read_table",
        "TrainConfig",
        "LoadOptions",
        "memory_limit",
        "FganError",
        "work",
        "STOP",
        "penalty",
        "augment",
        "EMA",
    ),
}


def face() -> str:
    return "".join(
        f"{line}\n" for name in sorted(fgan.__all__) for line in lines_of(name, getattr(fgan, name))
    )


def lines_of(name: str, what: object) -> Iterator[str]:
    """A function's signature; a class's, and those of its public members."""
    if inspect.isclass(what) and issubclass(what, Exception):
        yield name
        return
    if inspect.ismodule(what):
        for member in sorted(what.__all__):
            yield from lines_of(f"{name}.{member}", getattr(what, member))
        return
    if not callable(what):
        yield f"{name}: {type(what).__name__}"
        return
    yield f"{name}{signature(what)}"
    if not inspect.isclass(what):
        return
    fields = {field.name for field in dataclasses.fields(what)} if dataclasses.is_dataclass(what) else set()
    for member in sorted({*dir(what)} - fields):
        value = inspect.getattr_static(what, member)
        if member.startswith("_") or not from_fgan(what, member):
            continue
        if isinstance(value, staticmethod | classmethod):
            yield f"{name}.{member}{signature(value.__func__)}"
        else:
            yield f"{name}.{member}{signature(value) if inspect.isfunction(value) else ''}"


def from_fgan(kind: type, member: str) -> bool:
    return any(member in vars(base) and base.__module__.startswith("fgan") for base in kind.__mro__)


def signature(what: object) -> str:
    """As Python 3.11 writes it; later ones differ."""
    found = inspect.signature(what)  # pyright: ignore[reportArgumentType]
    parts, keywords = [], False
    for one in found.parameters.values():
        keywords |= one.kind is one.VAR_POSITIONAL
        if one.kind is one.KEYWORD_ONLY and not keywords:
            parts, keywords = [*parts, "*"], True
        stars = {one.VAR_POSITIONAL: "*", one.VAR_KEYWORD: "**"}.get(one.kind, "")
        annotation = "" if one.annotation is one.empty else f": {one.annotation}"
        value = one.default.__name__ if callable(one.default) else repr(one.default)
        default = "" if one.default is one.empty else f" = {value}"
        parts.append(f"{stars}{one.name}{annotation}{default}")
    returned = "" if found.return_annotation is found.empty else f" -> {found.return_annotation}"
    return f"({', '.join(parts)}){returned}"


def test_names_and_signatures_are_frozen():
    assert set(fgan.__all__) == WANTED
    assert face().splitlines() == FROZEN.read_text(encoding="utf-8").splitlines(), __doc__


def test_dir_and_the_star_give_every_name_and_none_is_that_of_a_room(root):
    assert set(dir(fgan)) == {*WANTED, "__version__"}
    given = {}
    exec("from fgan import *", given)
    assert set(given) - {"__builtins__"} == WANTED
    rooms = {path.stem for path in (root / "src" / "fgan").iterdir()}
    assert rooms & WANTED == {"losses"}, "importing that room would put it in the place of the name"


def test_the_room_of_losses_is_there_without_an_import_of_its_own():
    code = "import fgan, sys; assert 'torch' not in sys.modules; print(fgan.losses.between.__module__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "fgan.losses.between"


def test_the_version_is_the_installed_one():
    from importlib.metadata import version

    assert fgan.__version__ == version("fgan")


def test_importing_it_does_not_wait_for_torch():
    code = (
        "import sys, time\nstart = time.perf_counter()\nimport fgan\ntaken = time.perf_counter() - start\n"
        "dir(fgan), fgan.__version__, fgan.FganError\n"
        "assert 'torch' not in sys.modules\nprint(taken)"
    )
    taken = []
    for _ in range(3):  # of which the best counts: the machine may be busy
        result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr
        taken.append(float(result.stdout))
    assert min(taken) < 0.1


@pytest.mark.slow
def test_pyright_sees_every_name(root, tmp_path):
    uses = "\n".join(f"reveal_type(fgan.{name})" for name in [*fgan.__all__, "__version__"])
    (tmp_path / "uses.py").write_text(
        f"import fgan\nfrom fgan import *\n{uses}\ntrain, verify\nfgan.GANloss\n"
    )
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, "uses.py"]
    (tmp_path / "pyrightconfig.json").write_text(json.dumps({"extraPaths": [str(root / "src")]}))
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    found = json.loads(result.stdout)["generalDiagnostics"]
    types = [one["message"] for one in found if one["severity"] == "information"]
    assert len(types) == len(WANTED) + 1 and not [one for one in types if one.endswith('is "Unknown"')], types
    errors = [one["message"] for one in found if one["severity"] == "error"]
    assert len(errors) == 1 and "GANloss" in errors[0], errors


if __name__ == "__main__":
    FROZEN.write_text(face(), encoding="utf-8")
