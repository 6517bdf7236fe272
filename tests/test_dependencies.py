"""What is imported is declared, and what is declared is imported."""

import ast
import re
import sys
import tomllib

DISTRIBUTIONS = {
    "PIL": "pillow",
    "huggingface_hub": "huggingface-hub",
    "sklearn": "scikit-learn",
    "torch_fidelity": "torch-fidelity",
}
"""Of modules that are called otherwise."""
BY_TEXT = {"onnx", "onnxscript", "torch-fidelity", "websockets"}
"""What is looked up by a name in the text: torch's own exporter imports the first two, uvicorn the last."""


def imported(root) -> dict[str, set[str]]:
    """The distributions that src imports, anywhere in a file, and by which files."""
    found: dict[str, set[str]] = {}
    for path in (root / "src").rglob("*.py*"):
        if path.suffix not in (".py", ".pyi"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                modules = [node.module or ""]
            elif isinstance(node, ast.Import):
                modules = [name.name for name in node.names]
            else:
                continue
            for top in {module.partition(".")[0] for module in modules} - {"fgan", *sys.stdlib_module_names}:
                found.setdefault(DISTRIBUTIONS.get(top, top), set()).add(path.name)
    return found


def requirements(root) -> dict[str, set[str]]:
    """The distributions that a plain installation ("") and each extra have."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    parts = {"": project["dependencies"], **project["optional-dependencies"]}
    return {name: {re.split(r"[\[<>=!~; ]", one)[0].lower() for one in some} for name, some in parts.items()}


def test_what_is_imported_is_declared_and_the_reverse(root):
    wanted = requirements(root)
    del wanted["dev"], wanted["docs"]
    found, known = imported(root), set().union(*wanted.values())
    assert {name: files for name, files in found.items() if name not in known} == {}
    assert known == {*found, *BY_TEXT}


def test_what_is_installed_has_a_tested_version(root):
    lines = (root / "constraints.txt").read_text(encoding="utf-8").splitlines()
    tested = {line.split("==")[0].lower().replace("_", "-") for line in lines if "==" in line}
    wanted = requirements(root)
    assert (wanted[""] | wanted["dev"] | wanted["docs"] | wanted["lab"]) - {"fgan"} <= tested
