"""Numba's ``njit`` for the kernels: always cached, where there is room for a cache.

Numba keeps compiled code beside the sources or in the user's cache folder. Where neither can be
written, a folder of this user's below the temporary one is used; where that fails too, kernels are
compiled anew in each process. A compilation that takes more than a second is said, once.
"""

import os
import stat
import tempfile
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numba
from numba.core import caching, event

from kvproof.scheduling.notices import tell

_config: Any = numba.config

COMPILING = (
    "compiling for this machine; once, up to a minute ('kvproof warm' does it for all commands)"
)
#: Seconds of compiling that are not worth a word.
_SHORT = 1.0


def _njit(function: Callable[..., Any] | None = None, **options: Any) -> Any:
    """Compile a function as ``numba.njit`` does, with its cache on."""
    if function is None:
        return partial(_njit, **options)
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # no folder for the cache
        folder = _own_folder()
    if folder is not None and str(folder) != _config.CACHE_DIR:
        _config.CACHE_DIR = str(folder)
        tell(f"compiled code is kept in {folder}; NUMBA_CACHE_DIR names another folder")
        return _njit(function, **options)
    tell("no folder can be written: kernels are compiled each time; set NUMBA_CACHE_DIR")
    return numba.njit(**options)(function)


if TYPE_CHECKING:
    from numba import njit as njit  # kernels have no types but those they are compiled for
else:
    njit = _njit


def _own_folder() -> Path | None:
    """Return a folder that only this user can write, as what is loaded from it is run."""
    user = os.getuid() if hasattr(os, "getuid") else "user"
    folder = Path(tempfile.gettempdir(), f"kvproof-{user}")
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return None
    theirs = hasattr(os, "getuid") and (found.st_uid != os.getuid() or found.st_mode & 0o022)
    return None if theirs or not stat.S_ISDIR(found.st_mode) else folder


def _forgiving(load: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Let an index that no longer loads count as empty.

    Numba unpickles it before it looks whether it is out of date: a class that a newer version of
    this package has renamed would end in an AttributeError.
    """

    def load_index(self: Any) -> Any:
        try:
            return load(self)
        except (AttributeError, ImportError):
            return {}

    return load_index


_files: Any = caching.IndexDataCacheFile
_files._load_index = _forgiving(_files._load_index)


class _Announcer(event.Listener):
    """Says so where a compilation takes long."""

    def __init__(self) -> None:
        self._depth = 0
        self._timer: threading.Timer | None = None

    def on_start(self, event: Any) -> None:
        """Begin to wait."""
        self._depth += 1
        if self._timer is None:
            self._timer = threading.Timer(_SHORT, tell, (COMPILING,))
            self._timer.daemon = True
            self._timer.start()

    def on_end(self, event: Any) -> None:
        """Stop waiting."""
        self._depth -= 1
        if not self._depth and self._timer is not None:
            self._timer.cancel()
            self._timer = None


event.register("numba:compile", _Announcer())  # type: ignore[no-untyped-call]
