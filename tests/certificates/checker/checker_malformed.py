"""Files that are no certificates of the format."""

import copy
import gzip
import json
from collections.abc import Iterator

from checker_valid import SPREAD, Case, put, valid


def malformed() -> Iterator[Case]:
    """Files that are not certificates of the format."""
    good = {name: made for name, made, _ in valid() if isinstance(made, dict)}
    schedule, price, chain = good["schedule"], good["price"], good["chain"]
    text = json.dumps(schedule)
    zipped = gzip.compress(text.encode(), mtime=0)
    yield "empty", b"", "no bytes"
    yield "text", b"a certificate\n", "not JSON"
    yield "list", b"[]\n", "not an object"
    yield "truncated", text[: len(text) // 2].encode(), "cut off"
    yield "trailing", (text + "{}").encode(), "data after the JSON value"
    yield "trailing-nul", (text + "\0").encode(), "a NUL after the JSON value"
    yield "gzip-truncated", zipped[: len(zipped) // 2], "gzip, cut off"
    yield "gzip-no-trailer", zipped[:-8], "gzip without its checksum"
    yield "gzip-checksum", zipped[:-8] + bytes(8), "gzip with a wrong checksum"
    yield "gzip-trailing", zipped + b"\n", "data after the gzip member"
    yield "gzip-twice", gzip.compress(zipped, mtime=0), "gzip within gzip"
    yield "gzip-members", zipped + zipped, "two gzip members"
    yield "utf-16", text.encode("utf-16"), "not ASCII"
    yield "utf-8-bom", b"\xef\xbb\xbf" + text.encode(), "a byte order mark"
    yield (
        "utf-8-invalid",
        text.replace("schedule", "sch\udcffdule", 1).encode("utf-8", "surrogateescape"),
        "invalid UTF-8",
    )
    yield "escape", text.replace('"claim"', '"cl\\u0061im"').encode(), "a key with an escape"
    twice = text.replace('"total_latency"', '"total_latency": 1, "total_latency"')
    yield "duplicated-key", twice.encode(), "two totals: which one is claimed?"
    twice = text.replace(
        '"claim": {', '"claim": {"kind": "schedule", "total_latency": 1}, "claim": {'
    )
    yield "duplicated-claim", twice.encode(), "two claims"
    total = f'"total_latency": {schedule["claim"]["total_latency"]}'
    for name, number in (
        ("nan", "NaN"), ("infinity", "Infinity"), ("minus-infinity", "-Infinity"),
        ("1e400", "1e400"), ("float", "1.0"), ("exponent", "1E1"), ("minus-zero", "-0"),
        ("leading-zero", "007"),
    ):  # fmt: skip
        made = text.replace(total, f'"total_latency": {number}')
        yield f"number-{name}", made.encode(), f"the number {number}"
    for name, path, value, what in (
        ("format", "format", "kvproof-instance", "another format"),
        ("version", "version", 3, "a version of the future"),
        ("version-zero", "version", 0, "a version before the first"),
        ("version-true", "version", True, "a boolean as version"),
        ("version-text", "version", "1", "a string as version"),
        ("total-true", "claim.total_latency", True, "a boolean as total"),
        ("total-text", "claim.total_latency", "5", "a string as total"),
        ("total-negative", "claim.total_latency", -5, "a negative total"),
        ("total-null", "claim.total_latency", None, "no total"),
        ("kind", "claim.kind", "opt-upper-bound", "an unknown kind of claim"),
        ("kind-list", "claim.kind", ["schedule"], "a kind that is no string"),
        ("claim-list", "claim", ["schedule", 5], "a claim that is no object"),
        ("claim-empty", "claim", {}, "a claim without a kind"),
        ("proof-null", "proof", None, "no proof"),
        ("proof-starts", "proof", {"starts": [0]}, "a proof without its object"),
        ("digest-short", "instance.digest", "b0129e", "not 64 digits"),
        ("digest-upper", "instance.digest", str.upper, "upper-case digits"),
        ("instance-both", "instance.file", "x.json", "inline and file at once"),
        ("starts-few", "proof.schedule.starts", [0, 0], "too few starts"),
        ("starts-many", "proof.schedule.starts", [0] * 6, "too many starts"),
        ("starts-negative", "proof.schedule.starts.0", -1, "a negative start"),
        ("starts-true", "proof.schedule.starts.0", False, "a boolean as start"),
        ("starts-range", "proof.schedule.starts.0", 2**62 + 1, "a start beyond 2^62"),
        ("starts-nested", "proof.schedule.starts.0", [0], "an array as start"),
        ("starts-count", "proof.schedule.count", [1] * 4 + [2], "counts beyond the instance"),
        ("starts-count-huge", "proof.schedule.count", [2**62] * 5, "huge counts"),
        ("memory-zero", "instance.inline.memory", 0, "no memory"),
        ("memory-range", "instance.inline.memory", 2**31, "memory beyond 2^31 - 1"),
        ("arrival-negative", "instance.inline.arrival.0", -1, "a negative arrival"),
        ("arrival-range", "instance.inline.arrival.0", 10**18, "an arrival at 10^18"),
        ("output-zero", "instance.inline.output.0", 0, "no output"),
        ("request-too-large", "instance.inline.output.0", 10, "a request beyond the memory"),
        ("columns", "instance.inline.output", [4], "columns of unequal length"),
        ("count-zero", "instance.inline.count", [1, 1, 1, 1, 0], "a count of 0"),
        ("instance-extra", "instance.inline.name", "mine", "an unknown field in the instance"),
        ("extra", "comment", "trust me", "an unknown field"),
        ("claim-extra", "claim.optimal", 1, "an unknown field in the claim"),
        ("proof-extra", "proof.lower_bound", {"kind": "outputs"}, "a proof with more than asked"),
    ):  # fmt: skip
        yield name, put(schedule, path, value), what
    for name, path, value, what in (
        ("price-negative", "proof.lower_bound.prices.0.1", -1, "a negative price"),
        ("price-length-zero", "proof.lower_bound.prices.0.0", 0, "a run of no steps"),
        ("price-length-negative", "proof.lower_bound.prices.0.0", -3, "a negative run"),
        ("price-length-range", "proof.lower_bound.prices.0.0", 2**62 + 1, "a run beyond 2^62"),
        ("price-true", "proof.lower_bound.prices.0.1", True, "a boolean as price"),
        ("price-triple", "proof.lower_bound.prices.0", [1, 2, 3], "a run of three numbers"),
        ("price-flat", "proof.lower_bound.prices", [1, 2], "runs that are no pairs"),
        ("denominator-zero", "proof.lower_bound.denominator", 0, "a denominator of 0"),
        ("denominator-negative", "proof.lower_bound.denominator", -6, "a negative denominator"),
        ("bound-integer", "claim.bound", 5, "an integer as rational"),
        ("bound-not-reduced", "claim.bound", "6/4", "not in lowest terms"),
        ("bound-negative", "claim.bound", "-1/2", "a negative rational"),
        ("bound-over-zero", "claim.bound", "1/0", "a denominator of 0"),
        ("bound-decimal", "claim.bound", "1.5", "a decimal"),
        ("bound-kind", "proof.lower_bound.kind", "lp", "an unknown kind of lower bound"),
        ("bound-kind-none", "proof.lower_bound", {"prices": []}, "a lower bound without kind"),
    ):  # fmt: skip
        yield name, put(price, path, value), what
    for name, path, value, what in (
        ("search-target-zero", "target", 0, "a target of 0"),
        ("search-scale-zero", "scale", 0, "a scale of 0"),
        ("search-no-vectors", "vectors", [], "no vector 0"),
        ("search-late", "vectors.0.since", 1, "a vector 0 that begins later"),
        ("search-short", "vectors.0.start", [], "too few multipliers"),
        ("search-long", "vectors.0.end", lambda old: [*old, 0], "too many multipliers"),
        ("search-unit-zero", "vectors.0.unit", 0, "a unit of 0"),
        ("search-code-negative", "vectors.0.start.0", -1, "a negative code"),
        ("search-place", "layers.0.vectors", [99], "a vector that is not there"),
        ("search-twice", "layers.0.vectors", [0, 0], "a vector named twice"),
        ("search-run-zero", "layers.0.length", 0, "a run of no steps"),
    ):
        yield name, put(good["search"], f"proof.lower_bound.{path}", value), what
    for name, path, value, what in (
        ("followed-list", "", [1, 3], "places where what is followed is described"),
        ("followed-none", "", {"classes": [1], "worth": [300], "prices": []}, "no denominator"),
        ("followed-more", "kind", "price", "an unknown field"),
        ("followed-nobody", "classes", [], "no class"),
        ("followed-twice", "classes", [1, 1], "a class named twice"),
        ("followed-descending", "classes", [3, 1], "classes that are not ascending"),
        ("followed-place", "classes", [1, 4], "a class that is not there"),
        ("followed-true", "classes.0", True, "a boolean as place of a class"),
        ("followed-few", "worth", [300], "a class without a worth"),
        ("followed-many", "worth", [300, 250, 1], "a worth without a class"),
        ("followed-negative", "worth.0", -1, "a negative worth"),
        ("followed-huge", "worth.1", 2**62 + 1, "a worth beyond 2^62"),
        ("followed-denominator", "denominator", 0, "a denominator of 0"),
        ("followed-price", "prices.0.1", -1, "a negative price"),
        ("followed-flat", "prices", [3, 40], "runs that are no pairs"),
        ("followed-ended", "until", [4, 0], "a class followed until its arrival"),
        ("followed-short", "until", [4], "a class without a step up to which it is followed"),
        ("followed-ever", "until", [4, None], "a class followed until no step"),
    ):
        path = f"proof.lower_bound.followed.{path}".rstrip(".")
        yield f"search-{name}", put(good["search-followed"], path, value), what
    for name, path, value, what in (
        ("profiles-target-zero", "target", 0, "a target of 0"),
        ("profiles-target-true", "target", True, "a boolean as target"),
        ("profiles-scale-zero", "scale", 0, "a scale of 0"),
        ("profiles-scale", "scale", 2**31 + 1, "a scale beyond 2^31"),
        ("profiles-few", "prices", [120], "a class without a price"),
        ("profiles-many", "prices", [120, 130, 0], "a price without a class"),
        ("profiles-none", "prices", [], "no prices"),
        ("profiles-negative", "prices.1", -1, "a negative price"),
        ("profiles-true", "prices.0", True, "a boolean as price"),
        ("profiles-nested", "prices.0", [120], "an array as price"),
        ("profiles-huge", "prices.0", 2**62 + 1, "a price beyond 2^62"),
        ("profiles-flat", "prices", 120, "a price in place of an array"),
        ("profiles-extra", "denominator", 1, "an unknown field"),
    ):
        yield name, put(good["profiles-trace"], f"proof.lower_bound.{path}", value), what
    inner = good["parts"]["proof"]["lower_bound"]
    for name, path, value, what in (
        ("parts-no-step", "until", [], "no step at which a part ends"),
        ("parts-empty", "until", [120], "a part in which nothing arrives"),
        ("parts-first-empty", "until", [0], "nothing arrives before the first step"),
        ("parts-negative", "until", [-1], "a negative step"),
        ("parts-true", "until", [True], "a boolean as step"),
        ("parts-huge", "until", [2**62 + 1], "a step beyond 2^62"),
        ("parts-flat", "until", 50, "a step in place of an array"),
        ("parts-unordered", "until", [104, 50], "steps that do not ascend, and too many"),
        ("parts-few", "parts", inner["parts"][:1], "a part without a bound"),
        ("parts-many", "parts", [*inner["parts"], {"kind": "volume"}], "a bound without a part"),
        ("parts-null", "parts.0", None, "no bound of a part"),
        ("parts-kind", "parts.0", {"target": 9}, "a bound of a part without a kind"),
        ("parts-outputs", "parts.0", {"kind": "outputs"}, "a kind of version 1 in a part"),
        ("parts-nested", "parts.0", inner, "parts of a part"),
        ("parts-extra", "count", [1, 1], "an unknown field"),
        ("parts-field", "parts.1.target", 9, "an unknown field in a part"),
    ):
        yield name, put(good["parts"], f"proof.lower_bound.{path}", value), what
    same = put(good["parts"], "proof.lower_bound.until", [50, 50])
    volume = {"kind": "volume"}
    yield (
        "parts-same-step",
        put(same, "proof.lower_bound.parts", [volume] * 3),
        "a part that ends where it begins",
    )
    for name, path, value, what in (
        ("branch-target-zero", "target", 0, "a target of 0"),
        ("branch-denominator-zero", "denominator", 0, "a denominator of 0"),
        ("branch-price-negative", "vectors.0", [[1, -1]], "a negative price"),
        ("branch-price-true", "vectors.0", [[1, True]], "a boolean as price"),
        ("branch-run-zero", "vectors.0", [[0, 1]], "a run of no steps"),
        ("branch-by-step", "vectors.0", [1, 2], "prices as version 1 wrote them"),
        ("branch-flat", "vectors", [1, 2], "prices that are no arrays"),
        ("branch-no-tree", "tree", [], "a tree without a root"),
        ("branch-tree-nested", "tree", [[0]], "an array as node"),
        ("branch-tree-negative", "tree.0", -1, "a negative node"),
        ("branch-vector", "tree", [2, 99], "a vector that is not there"),
        ("branch-class", "tree", [1, 4, 0, 0, 0, 0], "a class that is not there"),
        ("branch-request", "tree", [1, 0, 2, 0, 0, 0], "a request that is not there"),
        ("branch-step", "tree", [1, 0, 0, 2**62 + 1, 0, 0], "a step beyond 2^62"),
        ("branch-short", "tree", lambda old: old[:-1], "the last leaf is cut off"),
        ("branch-long", "tree", lambda old: [*old, 0], "a node after the last"),
        ("branch-extra", "windows", [], "an unknown field"),
    ):
        yield name, put(good["branch"], f"proof.lower_bound.{path}", value), what
    for name, path, value, what in (
        ("cuts-few", "cuts", [1, 2, 2, 0], "too few cuts"),
        ("cuts-many", "cuts", [1, 2, 2, 0, 3, 0], "too many cuts"),
        ("cuts-negative", "cuts.0", -1, "a negative cut"),
        ("cuts-true", "cuts.0", True, "a boolean as cut"),
        ("cuts-all", "cuts.3", 2, "a cut that leaves no token"),
        ("cuts-huge", "cuts.3", 2**62, "a huge cut"),
        ("cuts-count", "count", [1, 1, 1, 1, 2], "counts beyond the instance"),
        ("cuts-count-huge", "count", [2**62] * 5, "huge counts of cuts"),
    ):
        yield name, put(good["tail-centroid"], f"proof.lower_bound.{path}", value), what
    for name, path, value, what in (
        ("staggered-peak-zero", "peak", 0, "a peak of 0"),
        ("staggered-peak", "peak", 11, "a peak beyond the memory"),
        ("staggered-output-zero", "output", 0, "an output of 0"),
        ("staggered-output", "output", 6, "an output beyond the peak"),
        ("staggered-none", "together", 0, "no request taken together"),
        ("staggered-true", "together", True, "a boolean as number"),
        ("staggered-extra", "others", {"kind": "outputs"}, "an unknown field"),
    ):
        yield name, put(good["staggered"], f"proof.lower_bound.{path}", value), what
    for name in ("outputs", "centroid"):
        made = put(good[name], "version", 2)
        yield f"{name}-2", made, "a kind that only version 1 had"
    yield "branch-1-runs", put(good["branch"], "version", 1), "runs of prices in version 1"
    price = 2**62 + 1
    made = put(good["branch-1"], "proof.lower_bound.vectors.0", [price])
    yield "branch-1-price-range", made, "a price beyond 2^62 in version 1"
    yield (
        "centroid-extra",
        put(good["centroid"], "proof.lower_bound.value", "9/1"),
        ("a lower bound that states its value"),
    )
    yield "chain-triple", put(chain, "proof.blocks.0", [0, 1, 2]), "a block of three numbers"
    yield "chain-negative", put(chain, "proof.blocks.0.0", -1), "a negative step"
    yield "chain-eta-rational", put(chain, "claim.eta_bound", "9/1"), "a rational eta bound"
    ratio = good["ratio-svf"]
    yield "ratio-policy", put(ratio, "claim.policy.name", "sorted-f"), "a policy not known by name"
    yield (
        "ratio-policy-extra",
        put(ratio, "proof.policy_schedule", {"starts": SPREAD}),
        ("a schedule of a policy that is to be derived"),
    )
    yield (
        "ratio-policy-missing",
        put(ratio, "claim.policy", None),
        ("a schedule of no named policy, without the schedule"),
    )
    yield "ratio-theta", put(good["ratio-1bit"], "claim.policy.theta", 4), "theta as an integer"
    for name, file, what in (
        ("file-absolute", "/etc/hostname", "an absolute file name"),
        ("file-up", "../valid/instance.json", "a file name that leaves the folder"),
        ("file-missing", "nowhere.json", "a file that is not there"),
        ("file-hidden", ".instance.json", "a hidden file"),
        ("file-long", "a" * 5000, "a file name that no file has"),
        ("file-nul", "a\x00b", "a file name with a NUL"),
    ):
        made = copy.deepcopy(schedule)
        made["instance"] = {"digest": schedule["instance"]["digest"], "file": file}
        yield name, made, what
