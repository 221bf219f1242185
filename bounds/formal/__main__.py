"""``make prove``: compile from scratch, check that every theorem is closed, and name them."""

import sys
import time
from pathlib import Path

from kvproof.bounds.formal.prove import CoqMissing, NotProved, prove
from kvproof.bounds.formal.statements import statements

BUILD = Path("build") / "formal"


def main() -> int:
    """Return 0 if all is proved, 1 if not, 2 without Coq."""
    began = time.perf_counter()
    try:
        names = prove(BUILD, fresh=True)
    except NotProved as error:
        print(f"not proved: {error}", file=sys.stderr)
        return 1
    except CoqMissing as error:
        print(f"cannot prove: {error}", file=sys.stderr)
        return 2
    for name in names:
        print(f"{name}: {statements()[name].words}".rstrip(": "))
    seconds = time.perf_counter() - began
    print(f"{len(names)} theorems proved, each closed under the global context; {seconds:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
