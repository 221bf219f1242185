"""Fuzz the checker, guided by coverage: no file makes it fail, or verify what is false.

Needs atheris (``pip install 'kvproof[fuzz]'``). Each file that the fuzzer makes, by
changes of bytes and of single values of the JSON, goes through the checker in use, the checker with
``--plain`` and the second checker, which must verify the same; what they verify of tiny instances
must be true by brute force. Arguments are libFuzzer's; run from the repository for an hour::

    python benchmarks/fuzz.py -max_total_time=3600 kvproof-fuzz

The folder fills with the files that reached something new. ``--keep FOLDER`` writes the smallest
of them that reach the same to the corpus of the tests, ``tests/certificates/fuzzed.jsonl``, one
file a line, as Latin-1 text.
"""

import contextlib
import gzip
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "certificates" / "checker")]
CORPUS = ROOT / "tests" / "certificates" / "fuzzed.jsonl"
LONGEST = 4096  # bytes of a file
NAME = "KVPROOF_FUZZ"


def seeds() -> Iterator[bytes]:
    """Yield what is kept from earlier runs, the corpora, and certificates of tiny instances."""
    import checker_corpora
    import checker_samples

    if CORPUS.exists():
        for line in CORPUS.read_text().splitlines():
            yield json.loads(line).encode("latin-1")
    for name in checker_corpora.CORPORA:
        for path in sorted((ROOT / "tests" / "certificates" / name).glob("*.json*")):
            yield path.read_bytes()
    rng = random.Random(1)
    for _ in range(20):
        for sample in checker_samples.samples(checker_samples.random_tiny(rng), rng):
            yield json.dumps(sample).encode()


def fuzz(arguments: list[str], folder: Path | None) -> None:
    """Run libFuzzer; in `folder`, if given, lie the seeds and what it finds."""
    import atheris

    with atheris.instrument_imports(include=["kvproof.certificates.checker"]):
        import checker_fuzz  # the first to import the checker, or it would not be instrumented
    import checker_mutants

    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        for number, data in enumerate(seeds()):
            if len(data) <= LONGEST:
                (folder / f"seed-{number:04}").write_bytes(data)

    def mutated(data: bytes, size: int, seed: int) -> bytes:
        rng = random.Random(seed)
        if rng.random() < 0.6:
            plain = data
            with contextlib.suppress(Exception):
                plain = gzip.decompress(data)
            with contextlib.suppress(Exception):
                made = checker_mutants.mutant(json.loads(plain), rng)
                if len(made) <= size:
                    return made
        return bytes(atheris.Mutate(data, size))

    atheris.Setup(
        [os.environ.get(NAME, sys.argv[0]), *arguments],
        checker_fuzz.examine,
        custom_mutator=mutated,
    )
    atheris.Fuzz()


def keep(folder: str) -> None:
    """Reduce a folder of files to the corpus of the tests."""
    with tempfile.TemporaryDirectory() as room:
        smallest, again = Path(room, "smallest"), Path(room, "again")
        smallest.mkdir()
        # libFuzzer starts itself again, by its name
        again.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).resolve()}" "$@"\n')
        again.chmod(0o755)
        command = [sys.executable, __file__, "-merge=1", str(smallest), folder]
        subprocess.run(command, check=True, env={**os.environ, NAME: str(again)})
        files = {path.read_bytes() for path in smallest.iterdir()}
    lines = sorted(
        (json.dumps(data.decode("latin-1")) for data in files), key=lambda x: (len(x), x)
    )
    CORPUS.write_text("".join(f"{line}\n" for line in lines))
    print(f"{len(lines):,} files, {CORPUS.stat().st_size:,} bytes")


def main() -> None:
    if sys.argv[1:2] == ["--keep"]:
        keep(sys.argv[2])
        return
    merging = any(argument.startswith("-merge") for argument in sys.argv)
    folders = [Path(argument) for argument in sys.argv[1:] if not argument.startswith("-")]
    folder = folders[0] if folders and not merging else None
    fuzz([f"-max_len={LONGEST}", "-timeout=60", "-rss_limit_mb=3000", *sys.argv[1:]], folder)


if __name__ == "__main__":
    main()
