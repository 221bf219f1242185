"""The chain bound for strict SVF on a backlog (THEORY section 3)."""

from certificates.lower_bounds import sum_of_prefix_sums
from scheduling.instance import Instance


def svf_backlog_bound(instance: Instance) -> int | None:
    """Return ``floor(2 / (1 - eps) * sum P_k + sum o_k)``, above the total of strict SVF.

    None where the theorem says nothing: with arrivals, or where one request fills the memory
    (eps = 1). In integers, with m the largest peak, ``2 / (1 - eps) * sum P_k`` is
    ``2 S / (M - m)``, S being the sum of the prefix sums of the volumes.
    """
    if not instance.is_backlog or instance.max_peak == instance.memory:
        return None
    prefix_sums = sum_of_prefix_sums(instance.expanded().volume)
    slack = instance.memory - instance.max_peak
    return 2 * prefix_sums // slack + instance.total(instance.output)
