"""Which files a trace is in: one, all of a folder, or those of a pattern."""

import glob
import os
from pathlib import Path

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.traces.recognise import display_name


def trace_files(path: str | os.PathLike[str]) -> list[Path]:
    """Return the files in order of their names: a day per file, say.

    Hidden files of a folder are passed over. What is there is never a pattern.

    Raises
    ------
    InputError
        The folder holds no files, or a folder; nothing matches the pattern; there is a NUL in it.
    """
    where, whole = display_name(path), Path(path)
    if "\0" in str(path):
        raise InputError(f"{where}: no file has such a name")
    if whole.is_dir():
        files = sorted(one for one in whole.iterdir() if not one.name.startswith("."))
        for one in files:
            if one.is_dir():
                name = display_name(one.name)
                raise InputError(f"{where}: holds a folder, {name}; name one that holds files only")
        if not files:
            raise InputError(f"{where}: the folder holds no files")
        return files
    if glob.has_magic(str(path)) and not whole.exists():
        files = sorted(Path(name) for name in glob.glob(str(path)) if not Path(name).is_dir())
        if not files:
            raise InputError(f"{where}: no file matches")
        return files
    return [whole]
