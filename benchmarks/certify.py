"""How fast certificates of a million requests are built, how large they are, how fast checked."""

import time

from report import machine, write_section
from scale import MEMORY, TRACES, sample

from kvproof.certificates.build import (
    chain_certificate,
    lower_bound_certificate,
    within_factor_certificate,
)
from kvproof.certificates.checker import Verdict, check
from kvproof.certificates.lower_bounds import find_bound
from kvproof.certificates.proofs import BoundKind
from kvproof.scheduling.policies import SVF
from kvproof.scheduling.simulate import simulate

REQUESTS = 1_000_000


def main() -> None:
    trace = next(t for t in TRACES if t.exists())
    lines = [
        "## Certificates of a million requests",
        "",
        (
            f"`make bench` on {machine()}. {REQUESTS:,} requests with lengths from `{trace.name}`, "
            f"memory {MEMORY:,}, inline in the certificate, gzip. Building includes finding the "
            "bound or the chain, and serialising; checking is pure Python."
        ),
        "",
        "| claim | traffic | build | size | check |",
        "|---|---|---|---|---|",
    ]
    for load in (None, 0.9):
        small = sample(trace, 1000, load=load)  # compiles
        find_bound(small, BoundKind.CENTROID)
        instance = sample(trace, REQUESTS, load=load)
        schedule = simulate(instance, SVF())
        builders = {
            "opt-lower-bound, centroid": lambda i=instance: lower_bound_certificate(
                i, find_bound(i, BoundKind.CENTROID)
            ),
            "within-factor, centroid": lambda i=instance, s=schedule: within_factor_certificate(
                s, find_bound(i, BoundKind.CENTROID)
            ),
        }
        if load is None:
            chain_certificate(simulate(small, SVF()))
            builders["svf-blocking-chain"] = lambda s=schedule: chain_certificate(s)
        for claim, build in builders.items():
            begin = time.perf_counter()
            data = build().to_bytes(compress=True)
            built = time.perf_counter() - begin
            begin = time.perf_counter()
            result = check(data)
            checked = time.perf_counter() - begin
            assert result.verdict is Verdict.VERIFIED, result.reason
            traffic = "backlog" if load is None else f"arrivals, load {load}"
            lines.append(
                f"| {claim} | {traffic} | {built:.1f} s | {len(data) / 2**20:.1f} MiB | "
                f"{checked:.1f} s |"
            )
            print(lines[-1], flush=True)
    write_section("certificates", "\n".join(lines))


if __name__ == "__main__":
    main()
