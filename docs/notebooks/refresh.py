"""Run the notebooks of this folder and keep their outputs: python docs/notebooks/refresh.py [NAME.ipynb ...]

Each runs in an empty temporary folder. What depends on the machine is left out: times, versions, progress bars.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parent
SECONDS = 600
"""What a cell may take on a busy machine."""


def executed(path: Path, folder: Path) -> nbformat.NotebookNode:
    """Return a notebook as it is after running in a folder.

    Raises:
        nbclient.exceptions.CellExecutionError: where a cell fails.
    """
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=SECONDS, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    return client.execute()


def stripped(notebook: nbformat.NotebookNode, folder: str) -> nbformat.NotebookNode:
    """Leave out what differs between machines, and the name of the folder that the notebook ran in."""
    notebook = nbformat.from_dict(json.loads(json.dumps(notebook).replace(f"{folder}/", "")))
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    return notebook


def main() -> None:
    paths = [FOLDER / name for name in sys.argv[1:]] or sorted(FOLDER.glob("*.ipynb"))
    for path in paths:
        with tempfile.TemporaryDirectory() as folder:
            nbformat.write(stripped(executed(path, Path(folder)), folder), path)
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
