"""``kvproof exhaust``: every instance of a small box, with exact OPT."""

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kvproof.options import Rational, json_option, quiet_option
from kvproof.scheduling.words import counted, with_numbers

if TYPE_CHECKING:
    from kvproof.adversary.exhaust.exhaustion import Found, Job


@click.command("exhaust")
@click.option("--memory", type=click.IntRange(min=1), required=True, help="Memory, up to 64.")
@click.option("--requests", type=click.IntRange(min=1), required=True,
              help="Exactly so many requests, up to 12.")  # fmt: skip
@click.option("--max-request", type=click.IntRange(min=1),
              help="No request holds more tokens than this.")  # fmt: skip
@click.option("--max-eps", type=Rational(most=1), help="Nor more than this share of the memory.")
@click.option("--policy", default="svf", show_default=True, help="Policy, or package.module:Name.")
@click.option("--skip", is_flag=True, help="Backfill.")
@click.option("--workers", type=click.IntRange(1, 256), default=1, show_default=True,
              help="Processes.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR",
              help="Keep what is done here; the same command goes on with it.")  # fmt: skip
@quiet_option
@json_option
def command(
    memory: int,
    requests: int,
    max_request: int | None,
    max_eps: Fraction | None,
    policy: str,
    skip: bool,
    workers: int,
    out: Path | None,
    as_json: bool,
) -> int:
    """Prove by exhaustion how bad a policy is in a small box.

    The box: all multisets of exactly --requests requests (prompt, output), all there at step 0,
    and for each the worst order among requests of equal keys, since ties go by index. OPT is
    exact. With k = T(T + 1)/2 kinds of request of at most T tokens there are
    C(k + n - 1, n) multisets.
    """
    from kvproof.adversary.exhaust.box import Box
    from kvproof.adversary.exhaust.exhaustion import Job, exhaust
    from kvproof.adversary.exhaust.log import FILE
    from kvproof.files import Outputs
    from kvproof.output import progress_bar
    from kvproof.scheduling.errors import ExitCode, InputError
    from kvproof.scheduling.interruption import interruption
    from kvproof.streams import print_json

    peak = memory if max_request is None else min(memory, max_request)
    if max_eps is not None:
        peak = min(peak, int(max_eps * memory))
    if peak < 1:
        raise InputError(
            f"--max-eps {max_eps}: no request is so small in a memory of {memory:,}; take "
            f"1/{memory} or more"
        )
    job = Job(box=Box(memory=memory, requests=requests, peak=peak), policy=policy, skip=skip)
    if out is not None:
        Outputs().folder(out, mark=FILE)
    with interruption() as asked, progress_bar() as bar:
        task = bar.add_task("multisets", total=job.box.multisets)
        found = exhaust(job, folder=out, workers=workers, asked=asked,
                        progress=lambda done: bar.advance(task, done))  # fmt: skip
    violated = _violated(job, found)
    if as_json:
        print_json(_as_json(job, found, violated))
    else:
        _print(job, found, violated, out)
    if violated:
        return ExitCode.CONTRADICTED
    return ExitCode.DONE if found.complete else ExitCode.INTERRUPTED


def _violated(job: "Job", found: "Found") -> list[str]:
    """Return the theorems that some instance contradicts, or the worst instance of some eps."""
    from kvproof.bounds.contradiction import contradictions

    names = {
        one.theorem
        for peak, (_, _, instance) in zip(_peaks(found), found.ratios(), strict=True)
        for one in contradictions(
            instance,
            policy=job.policy,
            rule="skip" if job.skip else "strict",
            policy_total=int(found.worst[peak, 0]),
            feasible_total=int(found.worst[peak, 1]),
        )
    }
    return sorted(names | set(found.contradicted))


def _tested(job: "Job", found: "Found") -> dict[str, int]:
    """Return for each theorem how many of the worst instances it speaks of."""
    from collections import Counter

    from kvproof.bounds.catalogue import THEOREMS
    from kvproof.bounds.contradiction import is_testable

    rule = "skip" if job.skip else "strict"
    return dict(Counter(
        theorem.name
        for _, _, instance in found.ratios()
        for theorem in THEOREMS
        if is_testable(theorem, instance, policy=job.policy, rule=rule)
    ))  # fmt: skip


def _peaks(found: "Found") -> list[int]:
    return [peak for peak, row in enumerate(found.worst) if row[0]]


def _worst(found: "Found") -> Any:
    return max(found.ratios(), key=lambda one: one[1])


def _as_json(job: "Job", found: "Found", violated: list[str]) -> dict[str, Any]:
    from kvproof.scheduling.exact import as_pq

    data: dict[str, Any] = {"command": "exhaust", **job.to_json(), "complete": found.complete}
    data["expected_multisets"] = job.box.multisets
    data["counts"] = found.counts()
    data["checked_on_each"] = list(job.on_each)
    data["bounds_tested"] = found.tested(job.on_each)
    data["theorems_tested"] = _tested(job, found)
    data["violates"] = violated
    if found.multisets:
        _, ratio, instance = _worst(found)
        data["worst"] = {"ratio": as_pq(ratio), "instance": instance.to_json()}
        data["by_eps"] = {as_pq(eps): as_pq(ratio) for eps, ratio, _ in found.ratios()}
    return data


def _print(job: "Job", found: "Found", violated: list[str], out: Path | None) -> None:
    from kvproof.output import say
    from kvproof.scheduling.exact import decimal

    box = job.box
    rule = "skip" if job.skip else "strict"
    kinds = len(box.kinds)
    say(
        f"{job.policy} ({rule}), memory {box.memory}, {counted(box.requests, 'request')} of at "
        f"most {counted(box.peak, 'token')}: {counted(kinds, 'kind')}, C({kinds} + {box.requests} "
        f"- 1, {box.requests}) = {counted(box.multisets, 'multiset')}"
    )
    if not found.complete:
        say(f"INCOMPLETE: {found.multisets:,} done; nothing is proved about the box yet")
        if out is not None:
            say("Give the same command again to go on.")
    if not found.multisets:
        return
    for name, count in found.counts().items():
        say(f"  {name.replace('_', ' '):<24}{count:>14,}")
    _, ratio, instance = _worst(found)
    for eps, peak_ratio, _ in found.ratios():
        say(f"  eps = {eps!s:<6} worst ratio {decimal(peak_ratio, 6, up=False)} = {peak_ratio}")
    rows = zip(instance.prompt.tolist(), instance.output.tolist(), strict=True)
    say(f"Worst ratio {decimal(ratio, 6, up=False)} = {ratio} (policy / OPT), requests "
          "(prompt, output) in the policy's order: " + " ".join(map(str, rows)))  # fmt: skip
    for name in violated:
        say(f"VIOLATION of {name}")
    broken = _broken(found.contradicted)
    on = counted(found.multisets, "instance")
    say(f"Bounds tested on {on}, {broken}: {with_numbers(found.tested(job.on_each))}")
    tested = _tested(job, found)
    broken = _broken([name for name in violated if name in tested])
    most = max(tested.values(), default=0)
    say(f"Theorems tested on the worst instance of each eps ({most}), {broken}: "
          + with_numbers(tested))  # fmt: skip


def _broken(names: list[str]) -> str:
    return f"BROKEN: {', '.join(names)}; all" if names else "not broken"
