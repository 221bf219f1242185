"""Exact OPT against plain PuLP + HiGHS, PuLP + CBC and CP-SAT, in resumable pieces.

    python benchmarks/exact.py --out exact.jsonl                  # everything
    python benchmarks/exact.py --out exact.jsonl --family n20     # one family
    python benchmarks/exact.py --out shapes.jsonl --shapes --engine kvproof --check
    python benchmarks/exact.py --out exact.jsonl --engine kvproof # our engine only
    python benchmarks/exact.py --out exact.jsonl --check          # certificates too
    python benchmarks/exact.py --report exact.jsonl               # into docs/performance.md
    python benchmarks/exact.py --shapes --report shapes.jsonl
    python benchmarks/exact.py --tiny                             # brute force, whole box
    python benchmarks/exact.py --cross 300                        # engines against CP-SAT

Each (instance, engine) is one line of the file, and what is there already is not run again. Peers
get the plain time-indexed model (one binary column per request and start, up to where SVF's
schedule ends; the schedule itself they are not given) and 60 s. Every run is a process of its own;
kernels are compiled first.
"""

import argparse
import gzip
import itertools
import json
import random
import subprocess
import sys
import time
from pathlib import Path
from unittest import mock

from exact_report import PEERS, write_families, write_shapes
from shapes import shapes

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

PEER_LIMIT = 60.0


def instances():
    """Yield (family, name, memory, rows, our time limit), rows as (arrival, prompt, output)."""
    rng = random.Random(1)
    for n, memory, smax, omax in (
        (6, 20, 6, 8), (10, 30, 8, 10), (15, 40, 10, 12), (20, 50, 10, 15), (30, 100, 20, 20),
    ):  # fmt: skip
        rows = [(0, rng.randint(1, smax), rng.randint(1, omax)) for _ in range(n)]
        yield "stream", f"stream-{n}", memory, rows, 300 if n == 30 else 120
    for family, n, memory, smax, omax, amax in (
        ("n15", 15, 40, 10, 12, 0), ("n20", 20, 50, 10, 15, 0),
        ("n20a", 20, 50, 10, 15, 30), ("n25", 25, 60, 10, 15, 0),
    ):  # fmt: skip
        for seed in range(100, 108):
            rng = random.Random(seed)
            rows = [
                (rng.randint(0, amax), rng.randint(1, smax), rng.randint(1, omax)) for _ in range(n)
            ]
            yield family, f"{family}-{seed}", memory, rows, 120
    yield "repeat", "24x(0,12)", 60, [(0, 0, 12)] * 24, 60
    yield "repeat", "20x(1,10)+20x(9,3)", 60, [(0, 1, 10)] * 20 + [(0, 9, 3)] * 20, 240
    yield "repeat", "60x(0,12)", 120, [(0, 0, 12)] * 60, 60


def instance_of(memory, rows):
    from kvproof.scheduling.instance import Instance

    arrival, prompt, output = (list(column) for column in zip(*rows, strict=True))
    return Instance(memory=memory, arrival=arrival, prompt=prompt, output=output)


def run_kvproof(memory, rows, limit, check):
    """Solve with the portfolio, after loading kernels on other instances; check the certificate."""
    from kvproof import solver
    from kvproof.certificates.checker import Limits
    from kvproof.certificates.checker import check as check_certificate
    from kvproof.scheduling.compiled import compile_at_once
    from kvproof.solver.dp.effort import Effort
    from kvproof.solver.dp.stage import solve_certified
    from kvproof.solver.heuristics import best_policy
    from kvproof.solver.model import model_of

    compile_at_once()
    rng = random.Random(7)
    warm = instance_of(50, [(0, rng.randint(1, 10), rng.randint(1, 15)) for _ in range(14)])
    model = model_of(warm)
    # vectors from 50 states on, so that every kernel is compiled
    solve_certified(model, *best_policy(warm, model), effort=Effort(refine_at=50))
    for engine in ("branch", "auto"):
        solver.solve(instance_of(30, [(0, 0, 9)] * 15), engine=engine)
    # annealed, with profiles tried, and with arrivals
    solver.solve(instance_of(50, [(i % 9, 1 + i % 7, 1 + i % 11) for i in range(18)]))
    instance = instance_of(memory, rows)
    busy = time.process_time()
    result = solver.solve(instance, time_limit=limit)
    answer = {
        "processor": time.process_time() - busy,
        "status": str(result.status), "total": result.total_latency,
        "bound": result.lower_bound, "seconds": result.runtime_s,
        "certified": result.certified, "states": result.detail["states"], "used": result.engine,
    }  # fmt: skip
    if result.proof is not None and result.gap == 0:
        data = result.certificate().to_bytes()
        answer["certificate_bytes"] = len(gzip.compress(data, mtime=0))
        if check:
            begun = time.process_time()
            found = check_certificate(data, limits=Limits(seconds=900))
            answer["verdict"] = str(found.verdict)
            answer["check_seconds"] = time.process_time() - begun
    return answer


def run_peer(engine, memory, rows, limit):
    """Solve the plain model, built as a user would."""
    solve = _cpsat if engine == "cpsat" else _pulp
    solve(engine, 9, [(0, 1, 2)], [(0, 0)], limit)  # what is loaded once is not counted
    horizon, upper = _svf(memory, rows)
    columns = [(i, p) for i, (a, _, o) in enumerate(rows) for p in range(a, horizon - o + 1)]
    begun = time.perf_counter()
    status, total, bound = solve(engine, memory, rows, columns, limit)
    return {
        "status": status, "total": total, "bound": bound, "svf": upper,
        "seconds": time.perf_counter() - begun,
    }  # fmt: skip


def _svf(memory, rows):
    from kvproof.scheduling.policies import SVF
    from kvproof.scheduling.simulate import simulate

    schedule = simulate(instance_of(memory, rows), SVF())
    return schedule.makespan, schedule.total_latency


def _pulp(engine, memory, rows, columns, limit):
    import warnings

    import pulp

    warnings.simplefilter("ignore")
    problem = pulp.LpProblem("opt", pulp.LpMinimize)
    x = {key: pulp.LpVariable(f"x_{key[0]}_{key[1]}", cat="Binary") for key in columns}
    problem += pulp.lpSum((p + rows[i][2] - rows[i][0]) * x[i, p] for i, p in columns)
    held = {}
    for i in range(len(rows)):
        problem += pulp.lpSum(x[key] for key in columns if key[0] == i) == 1
    for i, p in columns:
        for j in range(1, rows[i][2] + 1):
            held.setdefault(p + j, []).append((rows[i][1] + j) * x[i, p])
    for terms in held.values():
        problem += pulp.lpSum(terms) <= memory
    kind = pulp.HiGHS if engine == "highs" else pulp.PULP_CBC_CMD
    begun = time.perf_counter()
    problem.solve(kind(msg=False, timeLimit=limit, gapRel=0))
    total = pulp.value(problem.objective)
    done = problem.status == 1 and time.perf_counter() - begun < limit
    total = None if total is None else round(total)
    return ("optimal" if done else "feasible" if total else "unknown"), total, None


def _cpsat(engine, memory, rows, columns, limit):
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    x = {key: model.new_bool_var(f"x_{key[0]}_{key[1]}") for key in columns}
    held = {}
    for i in range(len(rows)):
        model.add_exactly_one(x[key] for key in columns if key[0] == i)
    for i, p in columns:
        for j in range(1, rows[i][2] + 1):
            held.setdefault(p + j, []).append((rows[i][1] + j) * x[i, p])
    for terms in held.values():
        model.add(sum(terms) <= memory)
    model.minimize(sum((p + rows[i][2] - rows[i][0]) * x[i, p] for i, p in columns))
    found = cp_model.CpSolver()
    found.parameters.max_time_in_seconds = limit
    status = found.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return "unknown", None, None
    name = "optimal" if status == cp_model.OPTIMAL else "feasible"
    return name, round(found.objective_value), found.best_objective_bound


def run_all(out, drawn, family, engines, check, shared):
    """Run what is missing, each in its own process, and append it."""
    done = set()
    if out.exists():
        done = {(r["name"], r["engine"]) for r in map(json.loads, out.read_text().splitlines())}
    for group, name, memory, rows, limit in drawn:
        for engine in engines:
            if (family and group not in family) or (name, engine) in done:
                continue
            question = json.dumps([engine, memory, rows, shared * limit, check])
            process = subprocess.run(
                [sys.executable, __file__, "--one"], input=question, text=True,
                capture_output=True, check=False,
            )  # fmt: skip
            if process.returncode:
                raise SystemExit(f"{name}, {engine}: {process.stderr.strip()}")
            answer = json.loads(process.stdout.splitlines()[-1])
            row = {"family": group, "name": name, "engine": engine, "limit": limit, **answer}
            with out.open("a") as file:
                file.write(json.dumps(row) + "\n")
            print(f"{name:24} {engine:8} {row['status']:9} {row['total']} {row['seconds']:.2f} s")


def by_profiles(instance):
    """Return the interval that profiles alone prove, and the schedule that they find."""
    from kvproof.solver.heuristics import best_policy
    from kvproof.solver.interval import known
    from kvproof.solver.model import model_of
    from kvproof.solver.profiles.stage import few_profiles, profiles
    from kvproof.solver.windows import quick_prices

    model = model_of(instance)
    state = known(model, *best_policy(instance, model))
    state.lower = 0
    space = few_profiles(model, 2**30, None)
    for _ in profiles(model, space, quick_prices(model), state, 2**30, None, lambda: None):
        pass
    return state.lower, state.upper, model.total(state.starts)


def both_ways(instance, **options):
    """Return what the search finds after a short one before all else, and without that."""
    from kvproof import solver

    with mock.patch("kvproof.solver.dp.quick.quick_search"):
        longer = solver.solve(instance, engine="dp", **options)
    return [solver.solve(instance, engine="dp", **options), longer]


def tiny(most, top):
    """Hold searches against brute force on every backlog with n <= most and M <= top."""
    from kvproof.solver.reference import brute_force

    count = 0
    for memory in range(1, top + 1):
        shapes = [(s, o) for o in range(1, memory + 1) for s in range(memory - o + 1)]
        for n in range(1, most + 1):
            for rows in itertools.combinations_with_replacement(shapes, n):
                instance = instance_of(memory, [(0, s, o) for s, o in rows])
                opt = brute_force(instance)[0]
                for result in both_ways(instance):
                    if result.gap != 0 or result.total_latency != opt:
                        raise SystemExit(f"wrong at memory {memory}, {rows}: {result}")
                if by_profiles(instance) != (opt, opt, opt):
                    raise SystemExit(f"wrong by profiles at memory {memory}, {rows}")
                count += 1
        print(f"memory {memory}: {count} instances agree", flush=True)


def cross(number):
    """Hold the engines against CP-SAT on random instances, the search with three incumbents."""
    from kvproof import solver
    from kvproof.scheduling.schedule import Schedule

    for seed in range(number):
        rng = random.Random(seed)
        memory = rng.randint(4, 25)
        rows = []
        for _ in range(rng.randint(2, 8)):
            output = rng.randint(1, min(memory, 9))
            prompt = rng.choice([0, memory - output, rng.randint(0, memory - output)])
            rows.append(rng.choice([*rows, (rng.choice([0, rng.randint(0, 9)]), prompt, output)]))
        instance = instance_of(memory, rows)
        found = [
            *both_ways(instance),
            solver.solve(instance, engine="milp"),
            solver.solve(instance, engine="milp", backend="cpsat"),
        ]
        starts = found[0].schedule.starts.tolist()
        late = max(range(len(rows)), key=lambda i: starts[i] + rows[i][2])
        for extra in (0, 1, 50):
            moved = [p + extra * (i == late) for i, p in enumerate(starts)]
            incumbent = Schedule(instance=instance, starts=moved)
            found += both_ways(instance, incumbent=incumbent)
        opt = found[0].lower_bound
        if {r.total_latency for r in found} != {opt}:
            raise SystemExit(f"seed {seed}: {[(r.total_latency, r.lower_bound) for r in found]}")
        if by_profiles(instance) != (opt, opt, opt):
            raise SystemExit(f"seed {seed}: profiles do not say {opt}")
    print(f"{number} instances: all engines and CP-SAT agree, with every incumbent")


def main():
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("exact.jsonl"))
    parser.add_argument("--family", action="append", help="stream, n15, ..., or one of the shapes")
    parser.add_argument(
        "--shared", type=float, default=1.0, metavar="N",
        help="as others use the machine, let the clock run N times the limit",
    )  # fmt: skip
    parser.add_argument("--shapes", action="store_true", help="benchmarks/shapes.py instead")
    parser.add_argument("--engine", choices=["kvproof", *PEERS], action="append")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--report", type=Path)
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--cross", type=int, metavar="N")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        engine, memory, rows, limit, check = json.load(sys.stdin)
        rows = [tuple(row) for row in rows]
        if engine == "kvproof":
            print(json.dumps(run_kvproof(memory, rows, limit, check)))
        else:
            print(json.dumps(run_peer(engine, memory, rows, PEER_LIMIT)))
    elif options.report:
        (write_shapes if options.shapes else write_families)(options.report)
    elif options.tiny:
        tiny(4, 6)
    elif options.cross:
        cross(options.cross)
    else:
        drawn = list(shapes() if options.shapes else instances())
        groups = dict.fromkeys(row[0] for row in drawn)
        for name in options.family or ():
            if name not in groups:
                print(f"--family {name}: not one of {', '.join(groups)}", file=sys.stderr)
        engines = options.engine or ("kvproof", *PEERS)
        run_all(options.out, drawn, options.family, engines, options.check, options.shared)


if __name__ == "__main__":
    main()
