"""Numba's ``njit`` for the kernels: always cached, where there is room for a cache.

Numba keeps compiled code beside the sources or in the user's cache folder. Where neither can be
written, a folder of this user's below the temporary one is used; where that fails too, kernels are
compiled anew in each process. A compilation that takes more than a second is said, once. Wheels
that carry compiled code (:mod:`kvproof.scheduling.shipped`) save it.

Compiling takes longer than a small instance takes in plain Python: within :func:`plain_first`
kernels that nobody has compiled yet are interpreted for a while. They compute the same.
"""

import os
import stat
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any, TypeVar, overload

import numba
import numpy as np
from numba.core import caching, event

from kvproof.scheduling.notices import tell
from kvproof.scheduling.shipped import carried, is_carried
from kvproof.scheduling.sources import sources_of

if TYPE_CHECKING:
    from numba.core.dispatcher import Dispatcher

F = TypeVar("F", bound=Callable[..., Any])

_config: Any = numba.config

COMPILING = (
    "compiling for this machine; once, up to a minute ('kvproof warm' does it for all commands)"
)
#: Seconds of compiling that are not worth a word.
_SHORT = 1.0


@overload
def njit(function: F) -> "Dispatcher[F]": ...
@overload
def njit(
    *, plain: Callable[..., Any] | None = None, **options: Any
) -> "Callable[[F], Dispatcher[F]]": ...
def njit(
    function: Callable[..., Any] | None = None,
    *,
    plain: Callable[..., Any] | None = None,
    **options: Any,
) -> Any:
    """Compile a function as ``numba.njit`` does, with its cache on.

    `plain` does the same where the function is interpreted; by default the function itself does.
    """
    if function is None:
        return partial(njit, plain=plain, **options)
    if not compiles():
        return function if plain is None else plain
    return _patient(carried(_watching(_dispatcher(function, options))), plain)


def compiles() -> bool:
    """Whether kernels are compiled at all: with NUMBA_DISABLE_JIT all are interpreted."""
    return not _config.DISABLE_JIT


def _dispatcher(function: Callable[..., Any], options: dict[str, Any]) -> Any:
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # no folder for the cache
        folder = _own_folder()
    if folder is not None and str(folder) != _config.CACHE_DIR:
        _config.CACHE_DIR = str(folder)
        tell(f"compiled code is kept in {folder}; NUMBA_CACHE_DIR names another folder")
        return _dispatcher(function, options)
    tell("no folder can be written: kernels are compiled each time; set NUMBA_CACHE_DIR")
    return numba.njit(**options)(function)


def _watching(kernel: Any) -> Any:
    """Let what is kept of a kernel be out of date where anything that it calls has changed, too."""
    file = getattr(kernel._cache, "_cache_file", None)
    if file is None:
        return kernel
    own, load_overload = file._source_stamp, kernel._cache.load_overload

    def load(*args: Any) -> Any:
        files, numbers = sources_of(kernel.py_func)
        file._source_stamp = own, tuple(map(_stamp, files)), numbers
        return load_overload(*args)

    kernel._cache.load_overload = load
    return kernel


@cache
def _stamp(path: Path) -> tuple[float, int] | None:
    try:
        found = path.stat()
    except OSError:  # within an archive, say
        return None
    return found.st_mtime, found.st_size


#: Seconds of processor time that a process interprets in all: what takes longer is worth compiling.
_PATIENCE = 3.0


class _Patience:
    """Whether kernels are interpreted now, and for how long still."""

    until = 0.0  # on the clock of time.process_time
    left = _PATIENCE
    #: State of NumPy's generator, which compiled kernels leave alone, before one was interpreted.
    random: Any = None


@contextmanager
def plain_first() -> Iterator[None]:
    """Interpret kernels that are not compiled yet, until :data:`_PATIENCE` is used up."""
    if _Patience.until or _Patience.left <= 0:
        yield
        return
    begun = time.process_time()
    _Patience.until = begun + _Patience.left
    try:
        yield
    finally:
        if _Patience.random is not None:
            np.random.set_state(_Patience.random)
            _Patience.random = None
        _Patience.left -= time.process_time() - begun
        _Patience.until = 0.0


def interpreting() -> bool:
    """Whether kernels that are not compiled yet are interpreted now."""
    return time.process_time() < _Patience.until


def compile_at_once() -> None:
    """Interpret nothing in this process from now on."""
    _Patience.left = 0.0


def _patient(kernel: Any, plain: Callable[..., Any] | None) -> Any:
    """Let a kernel be interpreted where it is not compiled and :func:`plain_first` allows it."""
    compile_for_args = kernel._compile_for_args

    def callable_for(*args: Any) -> Any:
        if interpreting() and not _is_kept(kernel):
            if _Patience.random is None:
                _Patience.random = np.random.get_state()
            return kernel.plain
        return compile_for_args(*args)

    kernel._compile_for_args = callable_for
    kernel.plain = partial(_interpret, kernel.py_func) if plain is None else plain
    return kernel


def _interpret(function: Callable[..., Any], *args: Any) -> Any:
    return _plainly(function)(*args)


@cache
def _plainly(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a kernel's function with the kernels that it names interpreted too.

    Those with a plain version of their own are left: they take long, and decide for themselves.
    """
    named = dict(function.__globals__)
    for name in function.__code__.co_names:
        kernel: Any = named.get(name)
        if isinstance(getattr(kernel, "plain", None), partial):
            named[name] = _plainly(kernel.py_func)
    return FunctionType(function.__code__, named, function.__name__, function.__defaults__)


def _is_kept(kernel: Any) -> bool:
    """Whether compiled code of a kernel lies in the cache, or came with the wheel."""
    file = getattr(kernel._cache, "_cache_file", None)
    return (file is not None and Path(file._index_path).exists()) or is_carried(kernel)


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


def _forgiving(load: Callable[..., Any], otherwise: Callable[[], Any]) -> Callable[..., Any]:
    """Let what no longer loads count as absent: it is compiled again, and written over.

    A file may have been cut short, which ends in whatever pickle comes to; and Numba unpickles an
    index before it looks whether it is out of date, so that a class which a newer version of this
    package has renamed would end in an AttributeError.
    """

    def load_or_else(*args: Any) -> Any:
        try:
            return load(*args)
        except Exception:
            return otherwise()

    return load_or_else


_files: Any = caching.IndexDataCacheFile
_files._load_index = _forgiving(_files._load_index, dict)
_files.load = _forgiving(_files.load, lambda: None)


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
