"""Files that try to hang the checker: time and memory of each, in a process of its own.

    python benchmarks/attacks.py --time-limit 10

The goal: no file of less than 1 MB takes more than 110 percent of its time limit and a second, or
more than 512 MiB.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "certificates" / "checker")]


def write(name, path):
    from checker_attacks import ATTACKS

    path.write_bytes(ATTACKS[name]())


def names(pipe):
    from checker_attacks import ATTACKS

    pipe.send(list(ATTACKS))


def elsewhere(work, *arguments):
    """Run it in another process: this one stays small, as a child's peak includes its birth."""
    process = get_context("spawn").Process(target=work, args=arguments)
    process.start()
    process.join()
    assert process.exitcode == 0


def measured(path, seconds):
    """Return exit code, seconds, those of a processor, MiB at the peak, and what was said."""
    with tempfile.TemporaryFile("w+") as said:
        began = time.monotonic()
        command = [sys.executable, ROOT / "certificates" / "checker", "--time-limit", seconds, path]
        process = subprocess.Popen(list(map(str, command)), stdout=said, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        took = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        processor = usage.ru_utime + usage.ru_stime
        return process.returncode, took, processor, usage.ru_maxrss / 1024, said.read()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--time-limit", type=int, default=10, metavar="SECONDS")
    parser.add_argument("--only", default="", metavar="TEXT")
    given = parser.parse_args()
    receive, send = get_context("spawn").Pipe(duplex=False)
    elsewhere(names, send)
    print("| file | bytes | seconds | of a processor | MiB | |\n|---|---|---|---|---|---|")
    worst = [0.0, 0.0]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "attack.json.gz")
        for name in receive.recv():
            if given.only not in name:
                continue
            elsewhere(write, name, path)
            code, took, processor, peak, said = measured(path, given.time_limit)
            assert code in (0, 1, 2, 3), said
            worst = [max(worst[0], took), max(worst[1], peak)]
            words = said.split(": ", 1)[1].strip()[:70]
            print(
                f"| {name} | {path.stat().st_size:,} | {took:.1f} | {processor:.1f} "
                f"| {peak:.0f} | {words} |",
                flush=True,
            )
    print(f"\nmost: {worst[0]:.1f} s at a limit of {given.time_limit} s, {worst[1]:.0f} MiB")
    return int(worst[0] > 1.1 * given.time_limit + 1 or worst[1] > 512)


if __name__ == "__main__":
    sys.exit(main())
