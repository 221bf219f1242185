"""The corpora of certificates: this writes them, ``test_corpora.py`` checks them.

``python tests/certificates/checker/checker_corpora.py`` writes ``valid/``, ``rejected/`` and
``malformed/`` beside this folder anew, each with an ``INDEX.md`` of one line for each file.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from checker_malformed import malformed
from checker_rejected import rejected
from checker_valid import Case, valid

FOLDER = Path(__file__).parent.parent

CORPORA: dict[str, Callable[[], Iterator[Case]]] = {
    "valid": valid,
    "rejected": rejected,
    "malformed": malformed,
}


def as_bytes(made: dict[str, Any] | bytes) -> bytes:
    return made if isinstance(made, bytes) else json.dumps(made).encode() + b"\n"


def main() -> None:
    for name, cases in CORPORA.items():
        folder = FOLDER / name
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        lines = [f"# {cases.__doc__}", ""]
        for case, made, what in cases():
            data = as_bytes(made)
            file = f"{case}.json.gz" if data[:2] == b"\x1f\x8b" else f"{case}.json"
            if (folder / file).exists():
                raise SystemExit(f"two cases are named {file}")
            (folder / file).write_bytes(data)
            lines.append(f"- `{file}`: {what}")
        (folder / "INDEX.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
