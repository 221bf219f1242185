"""The exact engines on a small instance from beginning to end: all their kernels are used."""

from itertools import islice

from kvproof.scheduling.instance import Instance
from kvproof.solver.branch.stage import branch
from kvproof.solver.dp.effort import Effort
from kvproof.solver.dp.root import climb
from kvproof.solver.dp.stage import solve_certified
from kvproof.solver.dp.states import States, packing_of
from kvproof.solver.heuristics import best_policy
from kvproof.solver.interval import known
from kvproof.solver.model import model_of
from kvproof.solver.profiles.followed import follow, raise_low
from kvproof.solver.profiles.stage import few_profiles, profiles
from kvproof.solver.result import Limit

# Nodes of a tree after which every kernel has been used.
_NODES = 20


def search_whole(little: Instance) -> None:
    """Search with every kernel of a large search."""
    model = model_of(little)
    # vectors from 20 states on
    found = solve_certified(model, *best_policy(little, model), effort=Effort(refine_at=20, seen=1))
    if found.limit == Limit.INTERRUPT:
        raise KeyboardInterrupt


def repeated_whole(little: Instance) -> None:
    """Go over profiles, bound a state by some of them, and branch, with every kernel of these."""
    model = model_of(little)
    upper, starts = best_policy(little, model)
    state = known(model, upper, starts)
    prices = climb(model, state, None, _say_nothing)
    space = few_profiles(model, 2**30, None)
    if space is not None:
        for _ in profiles(model, space, prices, state, 2**30, None, _say_nothing):
            pass
    followed = follow(model, prices, model.steps, 0, None)
    if followed is not None:
        packing = packing_of(model)
        root = States.root(packing, model.requests)
        raise_low(model.kinds, followed.before(0), root.columns, 0, 1)
    for _ in islice(branch(model, known(model, upper, starts)), _NODES):
        pass


def _say_nothing() -> None:
    pass
