"""Compiled kernels that a wheel carries, so that the first use need not compile (docs/guide.md).

They are for processors with the instructions of x86-64-v3 (Haswell, Zen, and later), one version
of Python and one of Numba. Elsewhere, and where a source has been changed, they are passed over,
and kernels are compiled when they are needed. What the user's own cache holds comes first.
"""

import hashlib
import sys
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
from numba.core import caching

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.sources import sources_of

#: Where they lie: a folder that only wheels have that were made so (``make wheel``).
FOLDER = Path(__file__).parent / "_compiled"
#: What they are compiled for, by LLVM's name, and the features without which it is not that.
PROCESSOR = "x86-64-v3"
FEATURES = ("avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe")

_cache: Any = caching  # which has no types


class Shipped(_cache.FunctionCache):  # type: ignore[misc]
    """What is carried of one kernel, by signature."""

    def __init__(self, function: Any) -> None:
        # Numba's own looks for a folder to write
        self._py_func = function
        self._name = repr(function)
        self._impl = object.__new__(_cache.CompileResultCacheImpl)
        code = function.__code__
        base = f"{function.__module__}.{function.__qualname__}-{code.co_firstlineno}"
        self._cache_path = str(FOLDER)
        self._cache_file = _cache.IndexDataCacheFile(
            cache_path=self._cache_path,
            filename_base="{}.py{}{}".format(base, *sys.version_info[:2]),
            source_stamp=_stamp(function),
        )
        self.enable()

    def _index_key(self, signature: Any, codegen: Any) -> Any:
        """Return Numba's key, with what is carried in place of what this processor is."""
        signature, (triple, _, _), code = super()._index_key(signature, codegen)
        return signature, (triple, PROCESSOR), code

    def exists(self) -> bool:
        """Whether anything is carried of the kernel."""
        return Path(self._cache_file._index_path).exists()

    def keep(self, signature: Any, made: Any) -> None:
        """Write what was compiled of a signature."""
        FOLDER.mkdir(exist_ok=True)
        self._cache_file.save(self._index_key(signature, made.codegen), self._impl.reduce(made))


def _stamp(function: Any) -> str:
    """Return a digest of what a kernel is compiled from; not of times, which an installer sets."""
    files, numbers = sources_of(function)
    hasher = hashlib.sha256(repr(numbers).encode())
    for file in files:
        hasher.update(_digest(file))
    return hasher.hexdigest()


@cache
def _digest(file: Path) -> bytes:
    return hashlib.sha256(file.read_bytes()).digest()


@cache
def usable() -> bool:
    """Whether there are any, and this processor can run them."""
    if not FOLDER.is_dir():
        return False
    features = llvm.get_host_cpu_features()
    return all(features.get(name, False) for name in FEATURES)


def carried(kernel: Any) -> Any:
    """Let a kernel of this package that is not in the user's cache be taken from the wheel."""
    if not usable() or not kernel.py_func.__module__.startswith("kvproof."):
        return kernel
    load_overload = kernel._cache.load_overload

    def load(signature: Any, context: Any) -> Any:
        found = load_overload(signature, context)
        if found is not None:
            return found
        return Shipped(kernel.py_func).load_overload(signature, context)

    kernel._cache.load_overload = load
    return kernel


def is_carried(kernel: Any) -> bool:
    """Whether code of a kernel comes with the wheel."""
    module = kernel.py_func.__module__
    return module.startswith("kvproof.") and usable() and Shipped(kernel.py_func).exists()


def carry(kernels: list[Any]) -> int:
    """Write what this process has compiled of these kernels; return how many signatures.

    Raises
    ------
    InputError
        It compiles for another processor than :data:`PROCESSOR`.
    """
    import numba

    config: Any = numba.config
    if (config.CPU_NAME, config.CPU_FEATURES) != (PROCESSOR, ""):
        raise InputError(f"set NUMBA_CPU_NAME={PROCESSOR} and NUMBA_CPU_FEATURES=")
    made = [
        (kernel, signature, overload)
        for kernel in kernels
        for signature, overload in kernel.overloads.items()
    ]
    for kernel, signature, overload in made:
        Shipped(kernel.py_func).keep(signature, overload)
    return len(made)
