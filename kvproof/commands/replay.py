"""``kvproof replay``: run a witness again and have the checker judge it."""

import click

from kvproof.options import json_option, witness_argument


@click.command("replay")
@witness_argument
@click.option("--policy", help="For a policy of your own: run it again (package.module:Name).")
@click.option("--skip", is_flag=True, help="With --policy: backfill.")
@json_option
def command(witness: str, number: int | None, policy: str | None, skip: bool, as_json: bool) -> int:
    """Simulate the policy of WITNESS again, and check the file in a fresh process.

    WITNESS is a file, - or a run's folder: its best witness, or the one of --number.

    The exit code is 0 only if both agree with what the file claims.
    """
    from kvproof.adversary.witnesses.replay import replay
    from kvproof.inputs import witness_file
    from kvproof.output import say
    from kvproof.scheduling.exact import as_pq, decimal
    from kvproof.scheduling.shown import counted
    from kvproof.streams import print_json

    if skip and policy is None:
        raise click.UsageError("--skip goes with --policy: a witness names its own rule")
    with witness_file(witness, number) as path:
        found = replay(str(path), policy=policy, skip=skip)
    if as_json:
        print_json({
            "command": "replay",
            "policy": found.policy,
            "policy_total": found.policy_total,
            "feasible_total": found.feasible_total,
            "ratio": as_pq(found.ratio),
            "eps": as_pq(found.eps),
            "requests": found.requests,
            "simulated": found.simulated,
        })  # fmt: skip
        return 0
    say(f"{found.policy}: total latency {found.policy_total:,} "
          f"({'simulated again' if found.simulated else 'as in the file'})")  # fmt: skip
    say(f"a feasible schedule: {found.feasible_total:,}")
    say(
        f"ratio at least {decimal(found.ratio, 6, up=False)} at eps {float(found.eps):.4g}, "
        f"{counted(found.requests, 'request')}"
    )
    shown = witness if number is None else f"{witness}, number {number}"
    say(found.checked.replace(str(path), shown))  # it may be a copy that was checked
    return 0
