"""Every public name has an entry in the reference and a docstring, or the build warns, which makes it fail."""

from sphinx import addnodes
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


def look(_: Sphinx, domain: str, kind: str, content: addnodes.desc_content) -> None:
    """Warn of an entry, or a member of one, without words."""
    if domain == "py" and not content.children and isinstance(entry := content.parent, addnodes.desc):
        name = next(entry.findall(addnodes.desc_signature)).get("fullname")
        LOG.warning("%s %s has no docstring", kind, name, location=content, type="fgan")


def setup(app: Sphinx) -> dict[str, bool]:
    """Join the build."""
    app.connect("env-check-consistency", check)
    app.connect("object-description-transform", look)
    return {"parallel_read_safe": True}
