"""What the page promises runs as it stands there."""

import re
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_the_example_of_the_page_runs(root, tmp_path):
    blocks = re.findall(r"```python\n(.*?)```", (root / "docs/guides/estimation.md").read_text(), flags=re.S)
    code = "\n".join(blocks)
    code += "\nassert found.lower_bound < 0.5 and found.p_value == 0.001, found\nassert weights.shape == (2000,)\n"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "known inequalities hold" in result.stdout
    assert (tmp_path / "estimate.png").stat().st_size > 10_000
