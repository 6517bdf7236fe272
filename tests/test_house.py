"""The house's own rules: floors, file sizes, light imports."""

import graphlib
import json
import subprocess
import sys
from collections.abc import Mapping

import grimp
import pytest

from fgan.cli import VERBS


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_a_room_imports_only_from_the_floors_below_it(root):
    result = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 broken" in result.stdout


@pytest.mark.parametrize("folder", ["src", "tests", "benchmarks", "examples"])
def test_no_file_is_longer_than_400_lines(folder, root):
    lengths = {path: len(path.read_text().splitlines()) for path in (root / folder).rglob("*.py")}
    assert lengths
    assert {path.name: n for path, n in lengths.items() if n > 400} == {}


def test_no_file_holds_both_sides_of_a_merge(root):
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("no git checkout")
    texts = {
        name: (root / name).read_bytes() for name in listed.stdout.split("\0") if (root / name).is_file()
    }
    assert texts
    assert [name for name, text in texts.items() if b"\n<<<<<<< " in text and b"\n>>>>>>> " in text] == []


MISTAKES = (
    "trian",
    "train",
    "train ring8 --steps 0",
    "train ring8 --preset orignal",
    "sample run --out x.gif",
    "evaluate",
    "evaluate a b --neighbours x.png",
    "estimate a",
    "estimate a b --plot x.gif",
    "estimate a b --divergence ,",
    "mi a b --plot x.gif",
    "compare",
    "compare ring8 --jobs 0",
    "compare ring8 --jobs 1 --ray local",
    "paper toy --jobs 0",
    "report run --seed -1",
    "divergences --nothing",
    "verify --as kl",
    "cite --nothing",
    "export run --to tflite",
    "export run a --out b",
    "push run",
    "lab mons",
    "lab --port 70000",
)


def modules_after(commands: Mapping[str, int]) -> set[str]:
    """Run commands in one interpreter; each must end with its code. Returns the modules that it then has."""
    code = (
        "import contextlib, io, json, sys\n"
        "from fgan.cli import main\n"
        f"for command, expected in {dict(commands)}.items():\n"
        "    with contextlib.redirect_stdout(io.StringIO()):\n"
        "        try: code = main(command.split())\n"
        "        except SystemExit as stop: code = stop.code or 0\n"
        "    assert code == expected, (command, code)\n"
        "print(json.dumps(list(sys.modules)))"
    )
    result = python(code)
    assert result.returncode == 0, result.stderr
    return set(json.loads(result.stdout))


def test_help_does_not_wait_for_torch():
    commands = ["--version", "--help", "cite", *(f"{verb} --help" for verb in VERBS)]
    assert "torch" not in modules_after(dict.fromkeys(commands, 0))


def test_mistakes_that_need_no_torch_do_not_wait_for_it():
    assert "torch" not in modules_after(dict.fromkeys(MISTAKES, 2))


def test_what_asks_for_a_card_waits_for_torch_alone():
    """Not for torch's compiler, which torch.func brings along: a second of every such command."""
    commands = ["divergences", "divergences kl", "divergences f(u)=(u-1)**4", "cite kl", "verify kl"]
    mistakes = ["divergences nonsense", "verify nonsense", "cite nonsense"]
    heavy = {
        "torch._dynamo",
        "matplotlib",
        "sklearn",
        "scipy",
        "PIL",
        "plotly",
        "jinja2",
        "pandas",
        "torchmetrics",
    }
    assert not heavy & modules_after(dict.fromkeys(commands, 0) | dict.fromkeys(mistakes, 2))


def test_no_imports_run_in_circles():
    """But one: divergences combine, and combinations are divergences."""
    trio = {f"fgan.divergences.{name}" for name in ("base", "combine", "derived")}
    graph = grimp.build_graph("fgan", exclude_type_checking_imports=True)
    imports = {
        one: {other for other in graph.find_modules_directly_imported_by(one) if not {one, other} <= trio}
        for one in graph.modules
    }
    assert len(imports) > 200
    graphlib.TopologicalSorter(imports).prepare()  # names the circle, if there is one


def test_the_python_names_pull_torch_and_nothing_heavier():
    """But `fgan.Generator`, which is a class of scikit-learn's."""
    result = python(
        "import sys, fgan\n"
        "for name in {*fgan.__all__} - {'Generator'}: getattr(fgan, name)\n"
        "heavy = {'matplotlib', 'sklearn', 'scipy', 'PIL', 'jinja2', 'plotly', 'pandas'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    assert result.returncode == 0, result.stderr


def test_an_unknown_name_is_an_attribute_error():
    import fgan

    with pytest.raises(AttributeError, match="no attribute 'GANloss'"):
        fgan.GANloss  # noqa: B018
