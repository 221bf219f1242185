"""The plain version of what the kernels do: slow, step by step, and what they are held to."""

from fractions import Fraction

from kvproof.adversary.genomes.space import BURST, COUNT, PACE, RANK, REPEATS, Genome, Space
from kvproof.adversary.valuation.objective import Objective
from kvproof.certificates.lower_bounds import centroid_bound, outputs_bound, volume_bound


def plan_starts(space: Space, genome: Genome) -> list[tuple[int, int]]:
    """Return (row, start) of every request of the plan, in the order of its list."""
    held: dict[int, int] = {}
    memory = space.memory
    rows = [row for row in range(1, len(genome)) if genome[row, COUNT] > 0]
    now = 0
    starts = []
    for row in sorted(rows, key=lambda row: int(genome[row, RANK])):
        arrival, prompt, output, count = (int(value) for value in genome[row, : COUNT + 1])
        volume = prompt * output + output * (output + 1) // 2
        gap = volume / memory * (int(genome[row, PACE]) / 1000)
        burst = int(genome[row, BURST]) * memory // (1000 * (prompt + output))
        base = None
        now = max(now, arrival)
        for done in range(count * int(genome[0, REPEATS])):
            if gap > 0 and done > burst and base is not None:
                now = max(now, base + int((done - burst) * gap))
            while any(held.get(now + j, 0) + prompt + j > memory for j in range(1, output + 1)):
                now += 1
            base = now if base is None else base
            for j in range(1, output + 1):
                held[now + j] = held.get(now + j, 0) + prompt + j
            starts.append((row, now))
    return starts


def ratio(objective: Objective, genome: Genome) -> Fraction:
    """Return policy over plan, exactly, by the plain simulators."""
    from kvproof.scheduling.reference import simulate_reference
    from kvproof.scheduling.schedule import Schedule

    instance = objective.space.instance(genome)
    starts = simulate_reference(instance, objective.policy, skip=objective.skip)
    policy = Schedule(instance=instance, starts=starts).total_latency
    plan = sum(
        start + int(genome[row, 2]) - int(genome[row, 0])
        for row, start in plan_starts(objective.space, genome)
    )
    return Fraction(policy, plan)


def estimate(objective: Objective, genome: Genome) -> Fraction:
    """Return policy over the best of centroid, volume and outputs, exactly."""
    instance = objective.space.instance(genome)
    bound = max(outputs_bound(instance), volume_bound(instance), centroid_bound(instance))
    return objective.policy_schedule(instance).total_latency / bound
