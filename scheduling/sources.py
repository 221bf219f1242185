"""What a kernel is compiled from: its own file, those of the kernels that it calls, and numbers.

Numba asks the kernel's own file alone whether what it keeps is out of date, while compiled code
holds that of every kernel that it calls, and the numbers that these name.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType

import numpy as np


@cache
def sources_of(function: FunctionType) -> tuple[tuple[Path, ...], tuple[tuple[str, str], ...]]:
    """Return the files of a kernel's function and of all that it calls, and the numbers they name.

    To be asked when all modules have been read: a kernel may call one that is defined below it.
    """
    files, numbers = set(), set()
    known = {function}
    left = [function]
    while left:
        one = left.pop()
        files.add(Path(one.__code__.co_filename))
        for name in _names(one.__code__):
            value = one.__globals__.get(name)
            called = getattr(value, "py_func", None)
            if isinstance(called, FunctionType) and called not in known:
                known.add(called)
                left.append(called)
            elif isinstance(value, int | float | np.number):
                # NumPy's own are written otherwise by its next version
                numbers.add((name, repr(value.item() if isinstance(value, np.number) else value)))
    return tuple(sorted(files)), tuple(sorted(numbers))


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from _names(part)
