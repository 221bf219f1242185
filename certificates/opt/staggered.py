"""A lower bound on OPT from requests that cannot all complete together: staggered completions.

When some request completes, those that complete next are under way. One of peak ``h`` and output
``o`` that completes ``g`` steps later holds at least ``h (1 - g/o)`` at that step if it has
started; if it has not, this is not positive. So if ``C_1 <= C_2 <= ...`` are the completions of
requests of peak at least h and output at least o, in any feasible schedule and for all k and m,

    ``(C_{k+1} - C_k) + ... + (C_{k+m-1} - C_k) >= o (m - M/h)``.

A linear programme in the gaps between completions bounds their sum. It sees what a time-indexed
programme does not: requests are whole, so after each completion some memory lies idle until the
others have grown into it, eps/2 of all memory in waves of equal requests.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from kvproof.certificates.lower_bounds import best_bound
from kvproof.certificates.prices.grid import Floats
from kvproof.certificates.prices.highs import quiet_model
from kvproof.scheduling.instance import Instance

#: Multipliers are rounded down to multiples of one over this.
UNIT = 2**32
#: Non-zeros of the programme beyond which a group is passed over.
MOST_ENTRIES = 2_000_000
#: Groups whose programme is solved: the most promising ones.
TRIED = 2


@dataclass(frozen=True, kw_only=True, eq=False)
class Group:
    """Requests of at least this peak and output.

    Parameters
    ----------
    chosen
        Which rows of the instance, shape (rows,).
    requests, peak, output
        How many there are, their least peak and their least output.
    together
        The m whose inequality forces completions furthest apart; 0 where none does.
    forced
        What the m - 1 distances add up to at least: ``o (m - M/h)``.
    """

    chosen: npt.NDArray[np.bool_]
    requests: int
    peak: int
    output: int
    together: int
    forced: Fraction

    @property
    def promise(self) -> float:
        """About how much the gaps add to the completions."""
        n, m = self.requests, self.together
        return 0.0 if m == 0 else float(self.forced) * n * n / (m * (m - 1))


def staggered_bound(instance: Instance) -> Fraction:
    """Return a lower bound on OPT: a group's staggered completions, and the others apart.

    Dropping requests from a schedule leaves a feasible one, so OPT is at least OPT of the group
    plus OPT of the others. The prices of the programme are only trusted as far as an exact sum
    over its columns bears them out.

    Raises
    ------
    InputError
        The package ``highspy`` is not installed.
    """
    best = best_bound(instance).value
    for group in sorted(_groups(instance), key=lambda one: -one.promise)[:TRIED]:
        first = int(instance.arrival[group.chosen].min()) + group.output
        waited = instance.total(np.where(group.chosen, instance.arrival, 0))
        mine = group.requests * first - waited + _spread(group)
        best = max(best, mine + _apart(instance, ~group.chosen))
    return best


def _groups(instance: Instance) -> list[Group]:
    """Return the group that each distinct pair of peak and output is the least of."""
    peaks, outputs = instance.prompt + instance.output, instance.output
    groups = []
    for peak, output in sorted(set(zip(peaks.tolist(), outputs.tolist(), strict=True))):
        chosen = (peaks >= peak) & (outputs >= output)
        requests = instance.total(chosen.astype(np.int64))
        share = instance.memory / peak
        m = np.arange(2, min(requests, int(3 * share) + 2) + 1)
        force = (m - share) / (m * (m - 1.0))
        together = int(m[force.argmax()]) if len(m) and force.max() > 0 else 0
        forced = output * (together - Fraction(instance.memory, peak))
        if together and requests * together <= MOST_ENTRIES:
            groups.append(
                Group(chosen=chosen, requests=requests, peak=peak, output=output,
                      together=together, forced=forced)
            )  # fmt: skip
    return groups


def _apart(instance: Instance, chosen: npt.NDArray[np.bool_]) -> Fraction:
    """Return a bound for the chosen rows alone."""
    if not chosen.any():
        return Fraction(0)
    count = None if instance.count is None else instance.count[chosen]
    columns = (c[chosen] for c in (instance.arrival, instance.prompt, instance.output))
    arrival, prompt, output = columns
    return best_bound(
        Instance(memory=instance.memory, arrival=arrival, prompt=prompt, output=output, count=count)
    ).value


def _spread(group: Group) -> Fraction:
    """Return the least that the gaps add to the sum of completions, from below.

    The gap before completion i delays n - i + 1 of them. Multipliers ``x_k >= 0`` of the
    inequalities prove ``forced * sum x`` if they charge no gap more than that.
    """
    n, m = group.requests, group.together
    # none can be larger; what a solver returns must not overflow the sums below either
    most = n / (m - 1)
    x = np.floor(np.clip(np.nan_to_num(_multipliers(n, m)), 0.0, most) * UNIT).astype(np.int64)
    charged = np.convolve(x, np.arange(m - 1, 0, -1))  # gaps before completions 2, ..., n
    allowed = np.arange(n - 1, 0, -1)
    over = [
        Fraction(int(charged[i]), UNIT * int(allowed[i]))
        for i in np.flatnonzero(charged > allowed * UNIT)
    ]
    return group.forced * Fraction(sum(x.tolist()), UNIT) / max(over, default=Fraction(1))


def _multipliers(n: int, m: int) -> Floats:
    """Solve the programme over the gaps before completions 2 to n; return its row duals."""
    highs, infinity = quiet_model("the bound by staggered completions needs")
    rows = n - m + 1
    highs.addVars(n - 1, np.zeros(n - 1), np.full(n - 1, infinity))
    highs.changeColsCost(
        n - 1, np.arange(n - 1, dtype=np.int32), np.arange(n - 1, 0, -1).astype(np.float64)
    )
    index = np.arange(rows)[:, None] + np.arange(m - 1)[None, :]
    value = np.tile(np.arange(m - 1, 0, -1).astype(np.float64), rows)
    highs.addRows(
        rows, np.ones(rows), np.full(rows, infinity), value.size,
        (np.arange(rows) * (m - 1)).astype(np.int32), index.ravel().astype(np.int32), value,
    )  # fmt: skip
    highs.run()
    duals: Floats = np.array(highs.getSolution().row_dual)
    return duals if len(duals) == rows else np.zeros(rows)
