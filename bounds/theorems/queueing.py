"""What one bit is worth, for exponential outputs."""

from fractions import Fraction

from kvproof.bounds.domain import Domain, Information, Rule, Traffic
from kvproof.bounds.theorem import Evidence, EvidenceKind, Kind, Status, Theorem
from kvproof.bounds.theorems.opt import SYMBOLIC

_SIMULATED = Evidence(
    kind=EvidenceKind.SIMULATED,
    detail="kvproof taxonomy --check: the fluid queue, and the real policies at high "
    "concurrency, with confidence intervals",
)


def _fluid(
    name: str,
    title: str,
    statement: str,
    latex: str,
    traffic: Traffic,
    policy: str,
    information: Information,
    proof: str,
    source: str,
) -> Theorem:
    return Theorem(
        name=name,
        title=title,
        kind=Kind.VALUE,
        statement=statement,
        latex=latex,
        domain=Domain(
            traffic=traffic,
            policy=policy,
            information=information,
            rule=Rule.STRICT,
            load_below=Fraction(1) if traffic is Traffic.HEAVY else None,
        ),
        source=source,
        status=Status.PROVED,
        evidence=(SYMBOLIC, _SIMULATED),
        proof=proof,
    )


QUEUEING_THEOREMS = (
    Theorem(
        name="light-traffic",
        title="Light Poisson traffic: everything is near optimal",
        kind=Kind.RATIO_AT_MOST,
        statement=(
            "As the load of Poisson arrivals tends to 0 (memory and the law of the lengths fixed) "
            "the expected latency of each policy here, strict or skipping, tends to the mean "
            "output: the ratio of expected totals tends to 1."
        ),
        latex=r"\lim_{\rho \to 0} \frac{E[\mathrm{ALG}]}{E[\mathrm{OPT}]} = 1",
        domain=Domain(traffic=Traffic.LIGHT, policy="each"),
        source="here",
        status=Status.HAND,
        constant=lambda cap: Fraction(1),
        proof="kvproof.bounds.proofs.queueing:light",
    ),
    Theorem(
        name="light-one-at-a-time",
        title="Light Poisson traffic: lengths are not needed",
        kind=Kind.RATIO_AT_MOST,
        statement=(
            "As the load tends to 0 the policy that runs one request at a time, in order of "
            "arrival, knows no length and is optimal in the limit: the ratio of expected totals "
            "tends to 1."
        ),
        latex=r"\lim_{\rho \to 0} \frac{E[\mathrm{ALG}]}{E[\mathrm{OPT}]} = 1",
        domain=Domain(traffic=Traffic.LIGHT, policy="best", information=Information.NOTHING),
        source="here",
        status=Status.HAND,
        constant=lambda cap: Fraction(1),
        uses=("light-traffic",),
        proof="kvproof.bounds.proofs.queueing:one_at_a_time",
    ),
    _fluid(
        "one-bit-identity",
        "The appendix identity",
        "For exponential outputs of mean 1/mu and threshold theta: p_1 O_1^2 + p_2 O_2^2 = "
        "1/mu^2 + (p_2/p_1) theta^2.",
        r"p_1 O_1^2 + p_2 O_2^2 = \frac1{p_1}\left(\frac1{\mu^2} - p_2\left(\frac1{\mu^2} - "
        r"\theta^2\right)\right) = \frac{1}{\mu^2} + \frac{p_2}{p_1}\theta^2",
        Traffic.BACKLOG,
        "svf-1bit",
        Information.ONE_BIT,
        "kvproof.bounds.proofs.queueing:identity",
        "2606.22327, appendix; derived here",
    ),
    _fluid(
        "one-bit-backlog",
        "What one bit is worth on a fluid backlog",
        "Exponential outputs, no prompts, a fluid that serves volume at rate M: a random pair "
        "imposes 1/mu^2 without information, 1/(4 mu^2) with full information, and "
        "(1 - exp(-x)(x^2/2 + x))/mu^2 with one bit, x = mu theta; least, 0.413/mu^2, at "
        "x = sqrt(2). The fluid packs perfectly; strict SVF does not (see the cross-check: it "
        "runs in waves and pays about twice its fluid value, so the real one-bit policy is ahead).",
        r"\left(1 - e^{-x}\left(\tfrac{x^2}{2} + x\right)\right)\frac1{\mu^2}, \quad "
        r"x = \mu\theta, \quad x^* = \sqrt2",
        Traffic.BACKLOG,
        "svf-1bit",
        Information.ONE_BIT,
        "kvproof.bounds.proofs.queueing:backlog",
        "here, after 2606.22327",
    ),
    _fluid(
        "pollaczek-khinchine",
        "FCFS under Poisson arrivals (fluid)",
        "The fluid system is an M/G/1 queue with service v/M; at load rho < 1 FCFS waits "
        "3 rho/(mu^2 M (1 - rho)) on average.",
        r"W = \frac{\lambda E[S^2]}{2(1-\rho)} = \frac{3\rho}{\mu^2 M (1-\rho)}",
        Traffic.HEAVY,
        "fcfs",
        Information.NOTHING,
        "kvproof.bounds.proofs.queueing:pollaczek_khinchine",
        "Pollaczek 1930, Khinchine 1932; derived here",
    ),
    _fluid(
        "cobham",
        "One bit under Poisson arrivals (fluid)",
        "Two classes, the short one first, no preemption, load rho < 1: W = p_1 R/(1 - rho_1) + "
        "p_2 R/((1 - rho_1)(1 - rho)) with R = 3 rho/(mu^2 M).",
        r"W = \frac{p_1 R}{1-\rho_1} + \frac{p_2 R}{(1-\rho_1)(1-\rho)}, \quad "
        r"\rho_1 = \rho\left(1 - e^{-x}(1 + x + \tfrac{x^2}{2})\right)",
        Traffic.HEAVY,
        "svf-1bit",
        Information.ONE_BIT,
        "kvproof.bounds.proofs.queueing:cobham",
        "Cobham 1954; derived here",
    ),
    _fluid(
        "shortest-job-first",
        "SVF under Poisson arrivals (fluid)",
        "A class for every length, load rho < 1: W = integral of exp(-x) R/(1 - rho_1(x))^2 over "
        "x > 0. With equal prompts SVF and SJF are the same.",
        r"W = \int_0^\infty \frac{R\, e^{-x}}{(1 - \rho_1(x))^2}\, dx",
        Traffic.HEAVY,
        "svf",
        Information.EXACT,
        "kvproof.bounds.proofs.queueing:shortest_first",
        "Phipps 1956; derived here",
    ),
)
