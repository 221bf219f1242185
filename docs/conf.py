"""How Sphinx builds these pages: ``make docs``, with every warning an error, without a network."""

from html import escape
from typing import TYPE_CHECKING

from docutils.nodes import SkipNode
from ziamath import Latex

import kvproof

if TYPE_CHECKING:
    from docutils.nodes import math, math_block
    from sphinx.application import Sphinx
    from sphinx.writers.html5 import HTML5Translator

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
autodoc_default_options = {"members": True}
napoleon_google_docstring = False
napoleon_use_rtype = False

# every reference must lead somewhere; those to other projects would need a network
nitpicky = True
nitpick_ignore_regex = [("py:class", r"(fractions|numpy)\..*")]

# formulas are pictures in the page itself: MathJax would be fetched by each reader
html_math_renderer = "svg"


def _picture(node: "math | math_block", drawn: Latex) -> str:
    label = escape(node.astext(), quote=True)
    return f'<span class="math" role="img" aria-label="{label}">{drawn.svg()}</span>'


def _visit_inline(self: "HTML5Translator", node: "math") -> None:
    drawn = Latex(node.astext(), size=16, inline=True, color="currentColor")
    style = f"display: inline-block; vertical-align: {drawn.getyofst()}px"
    self.body.append(f'<span style="{style}">{_picture(node, drawn)}</span>')
    raise SkipNode


def _visit_block(self: "HTML5Translator", node: "math_block") -> None:
    drawn = Latex(node.astext(), size=16, color="currentColor")
    style = "overflow-x: auto; text-align: center"
    self.body.append(f'<div style="{style}">{_picture(node, drawn)}</div>')
    raise SkipNode


def setup(app: "Sphinx") -> None:
    """Register how formulas are written."""
    app.add_html_math_renderer("svg", (_visit_inline, None), (_visit_block, None))
