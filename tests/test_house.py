"""The house's own rules: floors, file sizes, light imports."""

import subprocess
import sys

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


@pytest.mark.parametrize("arguments", ["--help"] + [f"{verb} --help" for verb in VERBS])
def test_help_does_not_wait_for_torch(arguments):
    result = python(
        "import sys; from fgan.cli import main\n"
        f"try: code = main({arguments.split()})\n"
        "except SystemExit as stop: code = stop.code\n"
        "assert not code, code\n"
        "assert 'torch' not in sys.modules"
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        "--version",
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
        "compare ring8 --jobs 0",
        "compare ring8 --jobs 1 --ray local",
        "paper toy --jobs 0",
        "report run --seed -1",
        "divergences --nothing",
        "verify --as kl",
        "cite --nothing",
    ],
)
def test_mistakes_that_need_no_torch_do_not_wait_for_it(arguments):
    result = python(
        "import sys; from fgan.cli import main\n"
        f"try: code = main({arguments.split()})\n"
        "except SystemExit as stop: code = stop.code\n"
        f"assert code == {0 if arguments == '--version' else 2}, code\n"
        "assert 'torch' not in sys.modules"
    )
    assert result.returncode == 0, result.stderr


def test_the_python_names_pull_torch_and_nothing_heavier():
    result = python(
        "import sys, fgan\n"
        "for name in fgan.__all__: getattr(fgan, name)\n"
        "heavy = {'matplotlib', 'sklearn', 'scipy', 'PIL', 'jinja2', 'plotly', 'pandas'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    assert result.returncode == 0, result.stderr


def test_an_unknown_name_is_an_attribute_error():
    import fgan

    with pytest.raises(AttributeError, match="no attribute 'GANloss'"):
        fgan.GANloss  # noqa: B018
