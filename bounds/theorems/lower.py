"""How bad policies can be: families with proofs."""

import math
from fractions import Fraction

from kvproof.bounds.domain import Domain, Information, Rule, Traffic
from kvproof.bounds.theorem import Bound, Evidence, EvidenceKind, Kind, Status, Theorem
from kvproof.bounds.theorems.chain import STRICT_SVF
from kvproof.bounds.theorems.opt import SYMBOLIC

_CERTIFIED = Evidence(
    kind=EvidenceKind.WITNESSED,
    detail="instances of the family are simulated and both schedules tested, among the steps",
)


def separator_constant(cap: Fraction) -> Bound:
    """Return ``1/(1 - eps)``."""
    return 1 / (1 - cap) if cap < 1 else math.inf


def unbounded(cap: Fraction) -> Bound | None:
    """No constant, at any cap on eps."""
    return math.inf


def _unbounded_at_one(cap: Fraction) -> Bound | None:
    return math.inf if cap >= 1 else None


def _lower(
    name: str,
    title: str,
    statement: str,
    latex: str,
    domain: Domain,
    proof: str,
    source: str = "here",
) -> Theorem:
    return Theorem(
        name=name,
        title=title,
        kind=Kind.RATIO_AT_LEAST,
        statement=statement,
        latex=latex,
        domain=domain,
        source=source,
        status=Status.PROVED,
        constant=unbounded,
        evidence=(SYMBOLIC, _CERTIFIED),
        proof=proof,
    )


def _backlog(policy: str, rule: Rule | None, information: Information) -> Domain:
    return Domain(traffic=Traffic.BACKLOG, policy=policy, rule=rule, information=information)


LOWER_THEOREMS = (
    Theorem(
        name="svf-waves",
        title="Waves: 2 as eps -> 0",
        kind=Kind.RATIO_AT_LEAST,
        statement=(
            "On identical requests (0, L), L = (2k - 1) d - 1, M = k L, strict SVF runs k per wave "
            "while one every d steps is feasible: the ratio tends to 2 - 1/k - 1/(kd) with the "
            "number of requests, and to 2 as eps = 1/k -> 0."
        ),
        latex=r"\sup \frac{\mathrm{SVF}}{\mathrm{OPT}} \ge 2 - \frac1k - \frac1{kd} \to 2",
        domain=STRICT_SVF,
        source="here",
        status=Status.PROVED,
        constant=lambda cap: Fraction(2),
        evidence=(SYMBOLIC, _CERTIFIED),
        proof="kvproof.bounds.proofs.svf_families:waves_steps",
    ),
    Theorem(
        name="svf-separators",
        title="Separators: 1/(1 - eps)",
        kind=Kind.RATIO_AT_LEAST,
        statement=(
            "Stages of slim long requests, each followed in SVF order by one fat request that "
            "cannot start beside them: SVF leaves the fat's share of the memory unused. For "
            "every rational e in (0, 1) there are members whose eps tends to e, from above, and "
            "whose ratio tends to 1/(1 - e): over eps <= e the worst ratio is at least 1/(1 - e)."
        ),
        latex=r"\sup \frac{\mathrm{SVF}}{\mathrm{OPT}} \ge \frac{1}{1 - \varepsilon}",
        domain=STRICT_SVF,
        source="here",
        status=Status.PROVED,
        constant=separator_constant,
        evidence=(SYMBOLIC, _CERTIFIED),
        proof="kvproof.bounds.proofs.svf_families:separators_steps",
    ),
    _lower(
        "svf-skip-unbounded",
        "Skipping breaks the theorem, at every eps",
        "SVF that skips a blocked head has no constant, however small eps: fat requests starve "
        "behind k slots whose longs end one at a time. Ratio at least q/(4k) at "
        "eps < (k + 2)/(k^2 + 1), q arbitrary.",
        r"\sup \frac{\mathrm{SVF_{skip}}}{\mathrm{OPT}} \ge \frac{q}{4k} \to \infty "
        r"\quad \text{at } \varepsilon < \frac{k+2}{k^2+1}",
        _backlog("svf", Rule.SKIP, Information.EXACT),
        "kvproof.bounds.proofs.svf_families:skip_steps",
    ),
    _lower(
        "one-bit-unbounded",
        "One bit, strict: no constant",
        "Strict one-bit SVF has no constant on backlogs, at any eps and any threshold (fixed, or "
        "the mean output): requests that the bit does not tell apart go by index. Ratio at least "
        "L/17 at eps = 1/k.",
        r"\sup \frac{\mathrm{SVF_{1bit}}}{\mathrm{OPT}} \ge \frac{L}{17} \to \infty",
        _backlog("svf-1bit", Rule.STRICT, Information.ONE_BIT),
        "kvproof.bounds.proofs.other_families:one_bit_steps",
    ),
    _lower(
        "one-bit-skip-unbounded",
        "One bit, skipping: no constant",
        "One-bit SVF with skipping and the mean output as threshold has no constant: it runs the "
        "family of svf-skip-unbounded in the same order.",
        r"\sup \frac{\mathrm{SVF_{1bit,skip}}}{\mathrm{OPT}} \ge \frac{q}{4k} \to \infty",
        _backlog("svf-1bit", Rule.SKIP, Information.ONE_BIT),
        "kvproof.bounds.proofs.other_families:one_bit_skip_steps",
    ),
    _lower(
        "one-bit-any-unbounded",
        "One bit or less: no deterministic policy has a constant",
        "Every deterministic policy that knows the multiset of the lengths, and of each request "
        "only whether its output exceeds one threshold, has no constant on backlogs at any "
        "eps = 1/k: the slots fill with requests that turn out long. The threshold may be chosen "
        "knowing the multiset, and admission may use true lengths; the adversary only assigns "
        "the lengths to the requests that the policy cannot tell apart. Requests run to their "
        "end. (GSA is not bound by this: it stops requests.)",
        r"\sup \frac{\mathrm{ALG}}{\mathrm{OPT}} \ge \frac{N}{3} \to \infty",
        _backlog("any", None, Information.ONE_BIT),
        "kvproof.bounds.proofs.other_families:hidden_steps",
    ),
    _lower(
        "fcfs-unbounded",
        "FCFS: no constant",
        "FCFS, strict or skipping, has no constant on backlogs at any eps = 1/k: longs that fill "
        "the memory go before one-step requests that cannot run beside them.",
        r"\sup \frac{\mathrm{FCFS}}{\mathrm{OPT}} \ge \frac{L(L+2)}{2L+1} \to \infty",
        _backlog("fcfs", None, Information.NOTHING),
        "kvproof.bounds.proofs.other_families:fcfs_steps",
        "here; the fact is in 2508.06133",
    ),
    _lower(
        "sjf-unbounded",
        "SJF: no constant",
        "SJF, strict or skipping, has no constant on backlogs at any eps = 1/k: fat one-step "
        "requests go before many thin ones of two steps.",
        r"\sup \frac{\mathrm{SJF}}{\mathrm{OPT}} \ge \frac{2W}{5} \to \infty",
        _backlog("sjf", None, Information.EXACT),
        "kvproof.bounds.proofs.other_families:sjf_steps",
        "here; the fact is in 2508.06133",
    ),
    _lower(
        "svf-online-prompts",
        "Arrivals: SVF is of order n",
        "Long requests alone at step 0, then many short ones with prompts: SVF, strict or "
        "skipping, against a feasible schedule is n/2, at any eps = 1/k.",
        r"\sup \frac{\mathrm{SVF}}{\mathrm{OPT}} \ge \frac{n}{2} \to \infty",
        Domain(traffic=Traffic.ARRIVALS, policy="svf"),
        "kvproof.bounds.proofs.arrivals:online_shorts_steps",
    ),
    _lower(
        "svf-online-tokens",
        "Arrivals: of order sqrt(n) with one-token requests",
        "m longs (k^2 - k, k) alone at step 0, then n = m k^2 requests (0, 1), M = m k^2: SVF, "
        "strict or skipping, is at least k/2 times OPT, at any eps = 1/m.",
        r"\sup \frac{\mathrm{SVF}}{\mathrm{OPT}} \ge \frac{k}{2} = \frac{\sqrt{n/m}}{2} \to "
        r"\infty \quad \text{at } \varepsilon = \tfrac1m",
        Domain(traffic=Traffic.ARRIVALS, policy="svf"),
        "kvproof.bounds.proofs.arrivals:online_tokens_steps",
    ),
    Theorem(
        name="online-any-policy",
        title="Arrivals: no deterministic policy has a constant",
        kind=Kind.RATIO_AT_LEAST,
        statement=(
            "For every deterministic online policy, even one that knows each length on arrival, "
            "and n = k^2, there is an instance of at most n + 1 requests (eps = 1) on which it is "
            "at least sqrt(n) - 1 times OPT. (Requests run to their end once started.)"
        ),
        latex=r"\sup \frac{\mathrm{ALG}}{\mathrm{OPT}} \ge \sqrt n - 1",
        domain=Domain(traffic=Traffic.ARRIVALS, policy="any"),
        source="here; the order sqrt(n) is in 2502.07115",
        status=Status.PROVED,
        constant=_unbounded_at_one,
        evidence=(SYMBOLIC,),
        uses=("svf-online-prompts",),
        proof="kvproof.bounds.proofs.arrivals:online_any_steps",
    ),
)
