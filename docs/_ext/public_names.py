"""Every public name has an entry in the reference and a docstring, or the build fails (it takes warnings for errors)."""

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

import fgan

LOG = logging.getLogger(__name__)


def missing(env: BuildEnvironment) -> list[str]:
    """Return the public names that no page describes."""
    described = env.domains.python_domain.objects
    return [name for name in sorted(fgan.__all__) if f"fgan.{name}" not in described]


def check(_: Sphinx, env: BuildEnvironment) -> None:
    """Warn of each."""
    for name in missing(env):
        LOG.warning("fgan.%s is public and has no entry in docs/reference/api/", name, type="fgan")


def look(_: Sphinx, what: str, name: str, *rest: object) -> None:
    """Warn of an entry without words."""
    lines = rest[-1]
    if isinstance(lines, list) and not any(line.strip() for line in lines):
        LOG.warning("%s %s has no docstring", what, name, type="fgan")


def setup(app: Sphinx) -> dict[str, bool]:
    """Join the build."""
    app.connect("env-check-consistency", check)
    app.connect("autodoc-process-docstring", look)
    return {"parallel_read_safe": True}
