"""How Sphinx builds these pages: ``make docs``, with every warning an error."""

import kvproof

project = "kvproof"
copyright = "the kvproof contributors"
version = release = kvproof.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "kvproof"
html_copy_source = False

# links to headings as a forge makes them: page.md#what-must-be-trusted
myst_heading_anchors = 4
myst_enable_extensions = ["dollarmath"]

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the signatures and the Parameters sections say it
autodoc_default_options = {"members": True, "show-inheritance": False}
napoleon_google_docstring = False
napoleon_use_rtype = False
