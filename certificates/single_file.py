"""The checker as one plain file, to be read from top to bottom and run by Python 3.9 and later."""

import ast
import textwrap
from collections import defaultdict
from importlib.resources import files

PACKAGE = "kvproof.certificates.checker"
#: The modules in an order in which each uses only what stands above it.
READING_ORDER = (
    "core/verdict", "core/budget", "core/reader", "core/model", "core/feasibility",
    "core/prices", "core/branch", "core/bounds", "core/steps", "core/staggered",
    "core/walks", "core/followed", "core/starts", "core/search", "core/profiles",
    "core/parts", "core/claims", "hints",
    "fast/cells", "fast/trajectory", "fast/lanes", "fast/ahead", "fast/tables", "fast/raising",
    "fast/dominance", "fast/search",
    "policies/rules", "policies/ratio", "policies/chain",
    "limits", "result", "version1", "file", "walls", "run", "cli",
)  # fmt: skip

_TOP = '''\
#!/usr/bin/env python3
"""The independent checker of kvproof certificates, in one file: python3 check_kvproof.py FILE...

It needs Python 3.9 or later and the standard library, and loads nothing from where it lies. The
format is specified in docs/certificates.md of the project. What follows are the modules of the
project's folder certificates/checker/, whole but for the imports among them:

{contents}
"""

import sys

if __name__ == "__main__":
    if sys.version_info < (3, 9):
        sys.stderr.write("Python 3.9 or later is needed\\n")
        sys.exit(2)

    # Python has put the folder of this file first on the path. What lies there is not to be taken
    # for the standard library, so it goes before anything else is imported.
    if not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
        sys.path[:] = [place for place in sys.path if place not in ("", sys.path[0])]

    from os import _exit

{fault}

    sys.excepthook = _fault

{imports}
'''
_END = """

if __name__ == "__main__":
    sys.exit(main())
"""


def single_file() -> str:
    """Return the checker's modules, joined into one."""
    folder = files(PACKAGE)
    contents, parts = [], []
    imports: dict[str, set[str]] = defaultdict(set)
    for name in READING_ORDER:
        text = folder.joinpath(f"{name}.py").read_text(encoding="utf-8")
        about, code = _taken_apart(text, imports)
        contents.append(f"    {name:16} {about.splitlines()[0]}")
        rule = "# " + "=" * 98
        heading = textwrap.indent(f"{name}: {about}", "# ", lambda _: True)
        heading = "\n".join(line.rstrip() for line in heading.splitlines())
        parts.append(f"\n\n{rule}\n{heading}\n{rule}\n\n\n{code}")
    whole = sorted(imports.pop("") - {"sys"})
    start = ast.parse(main := folder.joinpath("__main__.py").read_text(encoding="utf-8"))
    (fault,) = (node for node in start.body if isinstance(node, ast.FunctionDef))
    top = _TOP.format(
        contents="\n".join(contents),
        fault=textwrap.indent(ast.get_source_segment(main, fault) or "", " " * 4),
        imports="\n".join(
            [f"import {module}" for module in whole]
            + [
                f"from {where} import {', '.join(sorted(imports[where]))}"
                for where in sorted(imports)
            ]
        ),
    )
    return top + "".join(parts) + _END


def _taken_apart(text: str, imports: dict[str, set[str]]) -> tuple[str, str]:
    """Return a module's docstring and its code; what it imports from elsewhere goes to `imports`.

    There, modules that are imported as a whole stand under the empty name.
    """
    module = ast.parse(text)
    last = module.body[0]
    for node in module.body[1:]:
        if isinstance(node, ast.ImportFrom):
            if node.level == 0 and node.module:
                imports[node.module] |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            imports[""] |= {alias.name for alias in node.names}
        else:
            break
        last = node
    code = "".join(text.splitlines(keepends=True)[last.end_lineno or 0 :])
    return ast.get_docstring(module) or "", code.strip("\n") + "\n"
