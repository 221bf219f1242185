"""Run the checker: ``python -m checker FILE...`` or ``python checker FILE...``."""

import sys

if __package__:
    from .cli import main

    sys.exit(main())

# Started as a folder, which Python has put first on the path. What lies there is not to be taken
# for the standard library, so it goes before anything else is imported.
folder = sys.path[0]
sys.path[:] = [place for place in sys.path if place not in ("", folder)]

from os import _exit  # noqa: E402


def _fault(kind: type, error: object, _: object) -> None:
    """End with 4, where Python would end with 1, which means rejected."""
    print(f"internal error: {kind.__name__}: {error!a}", file=sys.stderr)
    _exit(4)


sys.excepthook = _fault

from importlib.util import module_from_spec, spec_from_file_location  # noqa: E402

NAME = "kvproof_checker"
spec = spec_from_file_location(NAME, f"{folder}/__init__.py")
if spec is None or spec.loader is None:
    raise ImportError(folder)
package = sys.modules[NAME] = module_from_spec(spec)
spec.loader.exec_module(package)
sys.exit(package.main())
