"""How Sphinx builds the site: `make docs`. Nothing on a page asks the network."""

import sys
from importlib.metadata import version as installed
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "_ext"), str(HERE.parent / "src")]

project = "fgan"
author = "The fgan authors"
project_copyright = author
release = version = installed("fgan")

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinxcontrib.katex",
    "public_names",
    "docstrings",
    "github_markdown",
]
exclude_patterns = ["_build"]
root_doc = "index"
nitpicky = False  # signatures name types that have no page; links in prose are checked either way
suppress_warnings = ["mystnb.unknown_mime_type"]

# Markdown as GitHub reads it.
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_fence_as_directive = ["math"]
myst_heading_anchors = 4
nb_execution_mode = "off"  # notebooks keep their outputs; the tests run them

autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
autodoc_default_options = {"members": True, "undoc-members": True}  # without words: public_names warns
autodoc_member_order = "bysource"
python_maximum_signature_line_length = 88
python_use_unqualified_type_names = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_custom_sections = [("Source", "notes")]

html_theme = "furo"
html_title = "fgan"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
html_theme_options = {"navigation_with_keys": True}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# KaTeX as a script beside the pages. MathML needs neither its style sheet nor its fonts.
katex_css_path = "math.css"
katex_options = 'output: "mathml", throwOnError: false, strict: false'
