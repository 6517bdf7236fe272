"""Free memory is the least that any limit leaves, and nothing begins that needs more."""

import subprocess
import sys

import pytest

from fgan import memory
from fgan.errors import MemoryLimitError

GB = 10**9


@pytest.fixture
def cgroups(in_groups):
    """What the control groups of a process leave it."""

    def left(process: str, **files: str) -> list[int]:
        in_groups(process, **files)
        return list(memory._left_by_cgroups())

    return left


def test_a_limit_of_version_2_counts_what_can_be_given_back(cgroups):
    group = {
        "a/b/memory.max": "3000",
        "a/b/memory.current": "1000",
        "a/b/memory.stat": "anon 9\ninactive_file 400",
    }
    assert cgroups("0::/a/b\n", **group) == [2400]


def test_a_limit_of_a_group_above_holds_too_and_none_is_none(cgroups):
    inner = {"a/b/memory.max": "max", "a/b/memory.current": "1000", "a/b/memory.stat": ""}
    outer = {"a/memory.max": "1500", "a/memory.current": "1000", "a/memory.stat": ""}
    assert cgroups("0::/a/b\n", **inner, **outer) == [500]


def test_a_limit_of_version_1_is_found_where_the_path_is_that_of_the_host(cgroups):
    group = {
        "memory.limit_in_bytes": "70",
        "memory.usage_in_bytes": "60",
        "memory.stat": "total_inactive_file 5",
    }
    inside = {f"memory/{name}": text for name, text in group.items()}
    assert cgroups("5:cpu:/docker/x\n4:memory:/docker/x\n", **inside) == [15]


def test_the_least_of_all_is_free(monkeypatch):
    for name, left in (
        ("_available", 5 * GB),
        ("_left_by_cgroups", 2 * GB),
        ("_left_of_address_space", 3 * GB),
    ):
        monkeypatch.setattr(memory, name, lambda left=left: iter([left]))
    assert memory.free_memory() == 2 * GB
    memory.require_memory(2 * GB, "A", "B.")
    with pytest.raises(MemoryLimitError, match=r"^A needs 2\.5 GB of memory, but only 2 GB are free\. B\.$"):
        memory.require_memory(2.5 * GB, "A", "B.")


def test_nothing_is_refused_where_no_system_tells(monkeypatch):
    for name in ("_available", "_left_by_cgroups", "_left_of_address_space"):
        monkeypatch.setattr(memory, name, lambda: iter(()))
    monkeypatch.setattr(memory, "installed_memory", lambda: None)
    assert memory.free_memory() is None
    memory.require_memory(1e30, "A", "B.")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_limit_of_address_space_is_seen():
    script = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (2 * 10**9,) * 2)\n"
        "from fgan.memory import free_memory; print(free_memory())"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert 1.5 * GB < int(found.stdout) < 2 * GB
