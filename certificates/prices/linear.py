"""Prices from the time-indexed linear programme: its capacity duals, by column generation.

Columns are (kind, start) with kinds of equal requests, rows are kinds and steps. Few of the
columns ever matter, so the programme starts with those that are cheap at some given prices and
adds the ones that its own duals find too cheap, until there are none. HiGHS is not trusted: its
duals are rounded and the bound they prove is evaluated exactly.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from kvproof.certificates.prices.evaluate import Dual, price_bound
from kvproof.certificates.prices.grid import Floats, fitting_denominator
from kvproof.certificates.prices.highs import quiet_model
from kvproof.certificates.prices.vector import Prices
from kvproof.scheduling.exact import Column
from kvproof.scheduling.instance import Instance

ROUNDS = 60
PER_KIND = 8  # columns added per kind and round
TOLERANCE = 1e-7
_ROW = 100  # what a step costs, in non-zeros


def lp_prices(
    instance: Instance, *, hint: Prices | None = None, stop: Callable[[], bool] | None = None
) -> Prices:
    """Return the prices of the time-indexed linear programme, rounded.

    Their bound is that of the programme (up to rounding, and 1e-6 of it), over every horizon.

    Parameters
    ----------
    instance
        The requests; the work grows with kinds times steps times outputs.
    hint
        Prices to pick the first columns by.
    stop
        Asked between rounds: True ends them with the prices so far.

    Raises
    ------
    InputError
        The package ``highspy`` is not installed.
    """
    dual = Dual(instance)
    horizon = first = instance.horizon
    prices = Prices(denominator=1, runs=()) if hint is None else hint
    while True:
        master = _Master(dual, horizon)
        values, optimum = master.solve(_per_step(prices, horizon), stop)
        denominator = fitting_denominator(instance, horizon, float(values.max(initial=0.0)))
        prices = Prices.rounded(denominator, np.arange(horizon + 1), values)
        bound = float(price_bound(instance, prices))
        # Starts beyond the horizon were not in the programme; if they matter, look further.
        if bound >= optimum * (1 - 1e-6) or horizon > 8 * first or (stop is not None and stop()):
            return prices
        horizon = 3 * horizon // 2


def lp_size(instance: Instance) -> int:
    """Return about how large the full programme is: kinds x starts x outputs, and its rows."""
    return instance.horizon * (int(Dual(instance).output.sum()) + _ROW)


def _per_step(prices: Prices, horizon: int) -> Floats:
    values = np.zeros(horizon)
    ends = np.minimum(prices.ends, horizon)
    steps = np.repeat([y / prices.denominator for _, y in prices.runs], np.diff(ends))
    values[: len(steps)] = steps
    return values


@dataclass(frozen=True)
class _Master:
    """The restricted programme over the steps 1 to `horizon`."""

    dual: Dual
    horizon: int

    def solve(self, values: Floats, stop: Callable[[], bool] | None) -> tuple[Floats, float]:
        """Solve from first prices, to optimality unless stopped; return prices and the optimum."""
        dual = self.dual
        highs = self._model()
        costs = self._costs(values)
        least = np.nanmin(costs, axis=1)
        chosen = np.zeros(costs.shape, dtype=bool)
        spread = max(1.0, 0.02 * float(np.mean(least)))
        self._add(highs, chosen, _cheapest(costs - least[:, None], spread, 4 * PER_KIND))
        optimum = 0.0
        for _ in range(ROUNDS):
            highs.run()
            optimum = highs.getInfo().objective_function_value
            duals = np.array(highs.getSolution().row_dual)
            values = np.maximum(0.0, -duals[len(dual.count) :])
            reduced = self._costs(values) - duals[: len(dual.count), None]
            reduced[chosen] = np.nan
            scale = TOLERANCE * max(1.0, float(np.abs(duals[: len(dual.count)]).max()))
            fresh = _cheapest(reduced, -scale, PER_KIND)
            if not fresh.any() or (stop is not None and stop()):
                break
            self._add(highs, chosen, fresh)
        return values, optimum

    def _model(self) -> Any:
        highs, infinity = quiet_model("prices by LP need")
        # so few columns are solved sooner than they are presolved
        highs.setOptionValue("solver", "simplex")
        highs.setOptionValue("presolve", "off")
        dual, horizon = self.dual, self.horizon
        kinds = len(dual.count)
        highs.addRows(
            kinds + horizon,
            np.append(dual.count, np.full(horizon, -infinity)).astype(np.float64),
            np.append(dual.count, np.full(horizon, dual.memory)).astype(np.float64),
            0,
            np.zeros(kinds + horizon, dtype=np.int32),
            np.zeros(0, dtype=np.int32),
            np.zeros(0),
        )
        # Dear columns without tokens: the first programmes need not hold a feasible schedule. They
        # cost well above what any request's tokens can be worth, so none stays in use.
        worth = (dual.prompt + dual.output) * dual.output * int(dual.count.sum()) / dual.memory
        dear = 20.0 * (horizon + worth)
        self._columns(highs, dear, np.arange(kinds), np.ones(kinds), np.ones(kinds, dtype=np.int64))
        return highs

    def _costs(self, values: Floats) -> Floats:
        """Return priced latencies, shape (kinds, horizon); NaN where no start is."""
        dual, horizon = self.dual, self.horizon
        sums = np.append(0.0, np.cumsum(values))
        moments = np.append(0.0, np.cumsum(values * np.arange(1, horizon + 1)))
        p = np.arange(horizon)[None, :]
        s, o, a = (c[:, None] for c in (dual.prompt, dual.output, dual.arrival))
        end = np.minimum(p + o, horizon)
        held = (s - p) * (sums[end] - sums[p]) + moments[end] - moments[p]
        costs: Floats = np.where((p >= a) & (p + o <= horizon), p + o - a + held, np.nan)
        return costs

    def _add(self, highs: Any, chosen: Any, fresh: Any) -> None:
        dual = self.dual
        chosen |= fresh
        kind, start = np.nonzero(fresh)
        output = dual.output[kind]
        latency = (start + output - dual.arrival[kind]).astype(np.float64)
        # Entries of column c: its kind's row, then the rows of its steps.
        offset = np.arange(int((output + 1).sum())) - np.repeat(
            np.cumsum(output + 1) - output - 1, output + 1
        )
        owner = np.repeat(np.arange(len(kind)), output + 1)
        rows = np.where(offset, len(dual.count) + start[owner] + offset - 1, kind[owner])
        entries = np.where(offset, dual.prompt[kind][owner] + offset, 1).astype(np.float64)
        self._columns(highs, latency, rows, entries, output + 1)

    def _columns(
        self, highs: Any, cost: Floats, rows: Column, entries: Floats, lengths: Column
    ) -> None:
        count = len(cost)
        highs.addCols(
            count,
            cost,
            np.zeros(count),
            np.full(count, np.inf),
            len(rows),
            (np.cumsum(lengths) - lengths).astype(np.int32),
            rows.astype(np.int32),
            entries,
        )


def _cheapest(costs: Floats, below: float, most: int) -> Any:
    """Mark in each row the up to `most` least entries that are below a bound."""
    costs = np.where(np.isnan(costs), np.inf, costs)
    most = min(most, costs.shape[1])
    rank = np.argpartition(costs, most - 1, axis=1)[:, :most]
    marked = np.zeros(costs.shape, dtype=bool)
    np.put_along_axis(marked, rank, True, axis=1)
    return marked & (costs < below)
