"""Run the checker: ``python -m checker FILE...`` or ``python checker FILE...``."""

import sys
from pathlib import Path
from runpy import run_module

if __package__:
    from .cli import main

    sys.exit(main())
else:  # started as a folder: start again as the package that the folder is
    folder = Path(__file__).resolve().parent
    sys.path[0] = str(folder.parent)
    run_module(folder.name, run_name="__main__", alter_sys=True)
