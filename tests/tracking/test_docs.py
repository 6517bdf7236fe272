"""The examples of docs/guides/tracking.md run as they stand."""

import re

import pytest


@pytest.mark.slow
def test_the_examples_of_the_page_run(root, python, tmp_path):
    blocks = re.findall(r"```python\n(.*?)```", (root / "docs/guides/tracking.md").read_text(), flags=re.S)
    result = python("-c", "\n".join(blocks), cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "stopped by StopWhenGood" in result.stdout + result.stderr
    assert (tmp_path / "newest.png").is_file() and "200 metrics" in result.stdout
