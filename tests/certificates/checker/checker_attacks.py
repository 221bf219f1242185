"""Files of less than 1 MB that ask for much more time or memory than they deserve.

Each is a certificate up to the place that it attacks, made large by gzip, by counts or by what the
proof asks the checker to work out. ``test_attacks.py`` holds the checker's memory against them;
``benchmarks/attacks.py`` measures time and memory.
"""

import gzip
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from kvproof.scheduling.instance import Instance

LARGEST = 10**6


class Text:
    """JSON as a stream of pieces, each of them repeated: a file of 100 MB without holding it."""

    def __init__(self, *pieces: str | tuple[str, int]) -> None:
        self.pieces = pieces

    def blocks(self) -> Iterator[bytes]:
        for piece in self.pieces:
            text, times = piece if isinstance(piece, tuple) else (piece, 1)
            data = text.encode()
            most = max(1, 2**20 // max(1, len(data)))
            while times > 0:
                yield data * min(times, most)
                times -= most

    def zipped(self) -> bytes:
        packer = zlib.compressobj(9, wbits=31)
        return b"".join(map(packer.compress, self.blocks())) + packer.flush()


def _column(value: int | tuple[list[int], int], rows: int) -> tuple[str, list[int]]:
    """Write a column: one number throughout, or a list of numbers each of which is repeated."""
    if isinstance(value, int):
        return f"{value}," * rows, [value] * rows
    numbers, times = value
    whole = [x for x in numbers for _ in range(times)]
    whole = (whole * (rows // len(whole) + 1))[:rows]
    return "".join(f"{x}," for x in whole), whole


def certificate(
    proof: list[str | tuple[str, int]],
    *,
    memory: int,
    arrival: Any = 0,
    prompt: Any = 0,
    output: Any = 1,
    rows: int = 1,
    count: int = 1,
    claim: str = '{"kind":"opt-lower-bound","bound":"1/1"}',
) -> bytes:
    texts, columns = {}, {}
    for name, value in (("arrival", arrival), ("prompt", prompt), ("output", output)):
        texts[name], columns[name] = _column(value, rows)
    texts["count"], columns["count"] = _column(count, rows)
    digest = Instance(memory=memory, **{name: np.array(x) for name, x in columns.items()}).digest
    inline = ",".join(f'"{name}":[{text[:-1]}]' for name, text in texts.items())
    head = (
        f'{{"format":"kvproof-certificate","version":1,"instance":{{"digest":"{digest}","inline":'
        f'{{"format":"kvproof-instance","version":1,"memory":{memory},{inline}}}}},'
        f'"claim":{claim},"proof":'
    )
    return Text(head, *proof, "}").zipped()


def bound(text: str) -> list[str | tuple[str, int]]:
    return ['{"lower_bound":' + text + "}"]


def counted(kind: str) -> bytes:
    """Two million equal requests in a few bytes, and a bound that walks over all of them."""
    return certificate(bound(f'{{"kind":"{kind}"}}'), memory=2**31 - 1, count=2 * 10**6, output=9)


def distinct(kind: str) -> bytes:
    """Two million different requests: short columns of different periods compress well."""
    return certificate(
        bound(f'{{"kind":"{kind}"}}'),
        memory=2**31 - 1,
        rows=2 * 10**6 - 1,
        arrival=(list(range(2001)), 1),
        prompt=(list(range(1000)), 2001),
        output=7,
    )


def prices(runs: list[str | tuple[str, int]], **instance: Any) -> bytes:
    head = '{"lower_bound":{"kind":"price","denominator":1,"prices":['
    return certificate([head, *runs, "]}}"], **instance)


def policy(name: str, rule: str, **instance: Any) -> bytes:
    rows, count = instance.get("rows", 1), instance.get("count", 1)
    claim = (
        f'{{"kind":"ratio-at-least","policy":{{"name":"{name}","rule":"{rule}"}},'
        '"policy_total":1,"feasible_total":1,"ratio":"1/1"}'
    )
    witness = f'{{"witness":{{"starts":[0],"count":[{rows * count}]}}}}'
    return certificate([witness], claim=claim, **instance)


def branch(vectors: list[str | tuple[str, int]], tree: Any, target: int, **given: Any) -> bytes:
    head = f'{{"lower_bound":{{"kind":"branch","target":{target},"denominator":1,"vectors":['
    tree = tree if isinstance(tree, list) else [tree]
    return certificate([head, *vectors, '],"tree":[', *tree, "]}}"], **given)


def search(
    vectors: list[str | tuple[str, int]],
    layers: list[str | tuple[str, int]],
    target: int,
    runs: str = "",
    scale: int = 1,
    followed: list[str | tuple[str, int]] | None = None,
    **given: Any,
) -> bytes:
    head = (
        f'{{"lower_bound":{{"kind":"search","target":{target},"scale":{scale},"denominator":1,'
        f'"prices":[{runs}],"vectors":['
    )
    end = "]" if followed is None else '],"followed":{"denominator":1,'
    last = ["}}"] if followed is None else [*followed, "}}}"]
    return certificate([head, *vectors, '],"layers":[', *layers, end, *last], **given)


def parts(rows: int, kind: str, **given: Any) -> bytes:
    """A part for each step, with its bound."""
    steps = ",".join(map(str, range(1, rows)))
    head = f'{{"lower_bound":{{"kind":"parts","until":[{steps}],"parts":[{kind}'
    proof: list[str | tuple[str, int]] = [head, (f",{kind}", rows - 1), "]}}"]
    return certificate(proof, rows=rows, arrival=(list(range(rows)), 1), **given)


def profiles(rows: int, price: int, **given: Any) -> bytes:
    text = '{"kind":"profiles","target":%d,"scale":1,"prices":%s}'
    return certificate(bound(text % (9 * rows, [price] * rows)), rows=rows, **given)


def vector(starts: int, since: int = 0) -> str:
    zeros = ",".join("0" * starts)
    return f'{{"since":{since},"unit":1,"start":[{zeros}],"end":[{zeros}]}}'


def layer(length: int, *vectors: int) -> str:
    return f'{{"length":{length},"vectors":[{",".join(map(str, vectors))}]}}'


def one_class(requests: int, target: int, vectors: int, **given: Any) -> bytes:
    """Equal one-token requests: every start up to target - n is allowed; zero multipliers."""
    starts = target - requests
    own = [vector(starts)] + [("," + vector(starts), vectors - 1)] * (vectors > 1)
    return search(
        own, [layer(starts + 9, *range(vectors))], target, count=requests, **given
    )  # fmt: skip


def classes(number: int, target: int, **given: Any) -> bytes:
    """Different requests, each with some starts; zero multipliers, so that nothing is pruned."""
    outputs = list(range(1, number + 1))
    room = target - 1 - sum(outputs)
    return search(
        [vector(number * (room + 1))], [layer(target, 0)], target,
        rows=number, output=(outputs, 1), **given,
    )  # fmt: skip


ATTACKS: dict[str, Callable[[], bytes]] = {
    "closing brackets": lambda: Text(("]", 127 * 10**6)).zipped(),
    "closing brackets, plain": lambda: b"]" * 129_000,
    "white space": lambda: Text((" ", 127 * 10**6), "[]").zipped(),
    "one string": lambda: Text('{"', ("k", 127 * 10**6), '":1}').zipped(),
    "strings": lambda: Text("[", ('"",', 11_900_000), "1]").zipped(),
    "keys": lambda: gzip.compress(
        ("{" + ",".join(f'"{k:x}":1' for k in range(300_000)) + "}").encode()
    ),
    "numbers": lambda: Text("[", ("999999999,", 11_900_000), "1]").zipped(),
    "long numbers": lambda: Text("[", ("9" * 4000 + ",", 31_000), "1]").zipped(),
    "small arrays": lambda: Text("[", ("[],", 2_900_000), "1]").zipped(),
    "small objects": lambda: Text("[", ('{"a":1},', 2_900_000), "1]").zipped(),
    "pairs": lambda: Text("[", ("[1000,1000],", 2_900_000), "1]").zipped(),
    **{
        f"counts, {kind}": lambda kind=kind: counted(kind)
        for kind in ("volume", "centroid", "discrete-centroid")
    },
    **{
        f"different requests, {kind}": lambda kind=kind: distinct(kind)
        for kind in ("outputs", "volume", "centroid", "discrete-centroid")
    },
    "counts of cuts": lambda: certificate(
        bound('{"kind":"tail-centroid","cuts":[5],"count":[2000000]}'),
        memory=2**31 - 1, count=2 * 10**6, output=9,
    ),
    "different tails": lambda: certificate(
        bound('{"kind":"tail-centroid","cuts":[5],"count":[1999999]}'),
        memory=2**31 - 1,
        rows=2 * 10**6 - 1,
        arrival=(list(range(2001)), 1),
        prompt=(list(range(1000)), 2001),
        output=7,
    ),
    **{
        f"{m:,} together": lambda m=m: certificate(
            bound(f'{{"kind":"staggered","peak":9,"output":9,"together":{m}}}'),
            memory=9, count=2 * 10**6, output=9,
        )
        for m in (2, 10**6)
    },
    "all others apart": lambda: certificate(
        bound('{"kind":"staggered","peak":1008,"output":7,"together":2}'),
        memory=2**31 - 1,
        rows=2 * 10**6 - 1,
        arrival=(list(range(2001)), 1),
        prompt=(list(range(1002)), 2001),
        output=7,
    ),
    "classes of prices": lambda: certificate(
        bound('{"kind":"price","denominator":1,"prices":[[9,9]]}'),
        memory=2**31 - 1,
        rows=10**6,
        arrival=(list(range(2001)), 1),
        prompt=(list(range(1000)), 2001),
        output=7,
    ),
    "a long price, then many short ones": lambda: prices(
        [f"[1,{'9' * 3999}]", (",[1,0]", 1_500_000)], memory=9
    ),
    "runs of prices for many classes": lambda: prices(
        ["[1,1000000000]", (",[1,1000000000],[1,999999999]", 400_000)],
        memory=10**6,
        rows=1000,
        prompt=(list(range(1000)), 1),
        output=2,
    ),
    "blocks of a chain": lambda: certificate(
        ['{"schedule":{"starts":[0]},"blocks":[[0,1]', (",[1000,1000]", 1_400_000), "]}"],
        claim='{"kind":"svf-blocking-chain","total_latency":1,"bound":1,"eta_bound":1}',
        memory=9,
    ),
    "a chain over many requests": lambda: certificate(
        ['{"schedule":{"starts":[0],"count":[2000000]},"blocks":[]}'],
        claim='{"kind":"svf-blocking-chain","total_latency":2000000,"bound":1,"eta_bound":1}',
        memory=2**31 - 1,
        count=2 * 10**6,
    ),
    **{
        f"all at once, {name} {rule}": lambda name=name, rule=rule: policy(
            name, rule, memory=2**31 - 1, count=1_200_000, output=1000
        )
        for name in ("svf", "fcfs")
        for rule in ("strict", "skip")
    },
    "one after the other": lambda: policy("svf", "skip", memory=10, count=1_200_000, output=6),
    "many run while many wait": lambda: policy(
        "sjf", "skip", memory=10**5, rows=2, count=9 * 10**5, output=([1000, 1001], 1)
    ),
    "many prices of a tree": lambda: branch(
        ["[1000", (",1000", 4_000_000), "]"], "2,0", 6, memory=9, count=4
    ),
    "many vectors of a tree": lambda: branch(
        ["[]", (",[1]", 1_000_000)], "2,0", 6, memory=9, count=4
    ),
    "terms": lambda: branch(
        ["[1]", (",[1]", 300)], ["602", *[f",{v}" for v in range(301)]], 90_000, memory=9,
        rows=9, output=([1, 2, 3, 4, 5, 6, 7, 8, 9], 1),
    ),
    "splits of a closed node": lambda: branch(
        ["[]"], ["1,0,0,0", (",1,0,0,0", 1_800_000), (",0", 1_800_002)], 1, memory=9, count=4
    ),
    "splits of an open node": lambda: branch(
        ["[]"], ["1,0,0,9", (",1,0,0,9", 2_000_000)], 50_000, memory=9, count=40_000
    ),
    "vectors on a large node": lambda: branch(
        ["[]"], ["4000000", (",0", 2_000_000)], 2_000_100, memory=9, count=2 * 10**6
    ),
    "vectors in one step": lambda: one_class(4, 40, 3000, memory=9),
    "rest of many vectors": lambda: search(
        [vector(700 * 5), ("," + vector(700 * 5), 60)],
        [layer(5, *range(61))],
        700 * 2 + 4 + 1,
        rows=700,
        arrival=(list(range(0, 2800, 4)), 1),
        memory=2,
        output=2,
    ),
    "large tables": lambda: one_class(1500, 1506, 1, memory=1500),
    "wide tables": lambda: one_class(3, 5, 1, memory=10**6),
    "long outputs": lambda: search(
        [vector(30 * 9)], [layer(90_000, 0)], 30 * 1000 + 9, memory=2400, rows=30,
        prompt=(list(range(1300, 1330)), 1), output=1000,
    ),
    "starts of many classes": lambda: search(
        [vector(1)], [layer(9, 0)], 1000 + 90_000, memory=2000, rows=1000,
        prompt=(list(range(1000)), 1), output=1,
    ),
    "states of many classes": lambda: classes(16, 146, memory=60),
    "states of different starts": lambda: search(
        [vector(16 * 60)], [layer(99, 0)], 16 * 3 + 60, memory=40, rows=16,
        prompt=(list(range(16)), 1), output=3,
    ),
    "steps of what is followed": lambda: search(
        [vector(36)], [layer(9, 0)], 40, memory=30, count=4, output=6,
        followed=['"classes":[0],"worth":[99999],"prices":[]'],
    ),
    "prices of what is followed": lambda: search(
        [vector(16 * 60)], [layer(99, 0)], 16 * 3 + 60, memory=40, rows=16,
        prompt=(list(range(16)), 1), output=3,
        followed=['"classes":[0],"worth":[9],"prices":[[1,9]', (",[1,8],[1,9]", 49_000), "]"],
    ),
    "states beside what is followed": lambda: search(
        [vector(16 * 60)], [layer(99, 0)], 16 * 3 + 60, memory=40, rows=16,
        prompt=(list(range(16)), 1), output=3,
        followed=[f'"classes":{list(range(16))},"worth":{[0] * 16},"prices":[]'],
    ),
    "states with long outputs": lambda: search(
        [vector(14 * 9)], [layer(2000, 0)], 14 * 300 + 9, memory=4000, rows=14,
        prompt=(list(range(14)), 1), output=300,
    ),
    "profiles": lambda: profiles(16, 90, memory=60, prompt=(list(range(16)), 1), output=5),
    "ways of profiles": lambda: profiles(
        16, 90_000, memory=4000, prompt=(list(range(16)), 1), output=1
    ),
    "steps of profiles": lambda: profiles(2, 99_000, memory=30, prompt=([0, 1], 1), output=6),
    "long profiles": lambda: profiles(3, 99_000, memory=9000, prompt=([0, 1, 2], 1), output=3000),
    "many parts": lambda: parts(
        100_000, '{"kind":"staggered","peak":1,"output":1,"together":1}', memory=99, output=9
    ),
    "parts of many": lambda: parts(1000, '{"kind":"volume"}', memory=99, output=9, count=2000),
    "layers": lambda: search(
        [vector(36)], [layer(1, 0), ("," + layer(1, 0), 99_000)], 40, memory=9, count=4
    ),
}  # fmt: skip
