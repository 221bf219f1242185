"""What one bit is worth, for exponential outputs."""

from fractions import Fraction

from kvproof.bounds.catalogue.opt import SYMBOLIC
from kvproof.bounds.domain import Domain, Information, Rule, Traffic
from kvproof.bounds.proof.steps import Argument, Computation, Identity, Inequality, Step
from kvproof.bounds.theorem import Evidence, EvidenceKind, Kind, Status, Theorem

_SIMULATED = Evidence(
    kind=EvidenceKind.SIMULATED,
    detail="`kvproof taxonomy --check`: the fluid queue, and the real policies at high "
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


_F = "mu*exp(-mu*t)"


_SHORT = f"Integral({_F}, (t, 0, theta))"


_LONG = f"Integral({_F}, (t, theta, oo))"


_SHORT_O = f"Integral(t*{_F}, (t, 0, theta))"


_LONG_O = f"Integral(t*{_F}, (t, theta, oo))"


_SHORT_V = f"Integral(t**2/2*{_F}, (t, 0, theta))"


_LONG_V = f"Integral(t**2/2*{_F}, (t, theta, oo))"


_POSITIVE = "mu theta t u x"


_WORK = "Integral((t**2/(2*M))**2*mu*exp(-mu*t), (t, 0, oo))*rho*mu**2*M/2"


def _value() -> tuple[bool, str]:
    import sympy as sp

    value = 1 - sp.exp(-sp.sqrt(2)) * (1 + sp.sqrt(2))
    holds = bool(sp.Rational(4130, 10000) < value) and bool(value < sp.Rational(4131, 10000))
    return holds, f"{value.evalf(8)}, {(4 * value).evalf(5)} times full information"


def _derived(name: str, closed: str, claim: str, why: str) -> Computation:
    def run() -> tuple[bool, str]:
        import sympy as sp

        from kvproof.bounds.queueing import derivation

        found = getattr(derivation, name)()
        symbols = {str(s): s for s in found.free_symbols}
        difference = sp.simplify(found - sp.sympify(closed, locals=symbols, rational=True))
        return difference == 0, f"sympy derives {found}"

    return Computation(claim=claim, why=why, run=run)


LIGHT_TRAFFIC = Theorem(
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
    proof="kvproof.bounds.catalogue.queueing:light",
)


def light() -> tuple[Step, ...]:
    """Busy periods of one request."""
    return (
        Argument(
            "A lone request starts on arrival. In a busy period of N requests each starts at the "
            "latest when those before it could have run one by one, so the waits sum to at most "
            "N^2 times the largest output, at most N^2 M."
        ),
        Argument(
            "N is dominated by the busy period of a single server with Poisson arrivals of rate "
            "lambda and services of M steps (an M/D/1 queue), for which P(N > 1) and the part of "
            "E[N^2] from N > 1 tend to 0 with lambda M. So the mean wait tends to 0, while OPT is "
            "at least the mean output."
        ),
    )


LIGHT_ONE_AT_A_TIME = Theorem(
    name="light-one-at-a-time",
    title="Light Poisson traffic: lengths are not needed",
    kind=Kind.RATIO_AT_MOST,
    statement=(
        "As the load tends to 0 the policy that runs one request at a time, in order of arrival, "
        "is optimal in the limit: it knows no length."
    ),
    latex=r"\lim_{\rho \to 0} \frac{E[\mathrm{ALG}]}{E[\mathrm{OPT}]} = 1",
    domain=Domain(traffic=Traffic.LIGHT, policy="best", information=Information.NOTHING),
    source="here",
    status=Status.HAND,
    constant=lambda cap: Fraction(1),
    uses=("light-traffic",),
    proof="kvproof.bounds.catalogue.queueing:one_at_a_time",
)


def one_at_a_time() -> tuple[Step, ...]:
    """Light traffic without lengths."""
    return (
        Argument(
            "Running one at a time needs no length and is feasible, as s + o <= M: a single server "
            "in order of arrival with services of at most M steps. The busy periods of "
            "light-traffic dominate it: the mean wait tends to 0, and OPT is at least the mean "
            "output."
        ),
    )


ONE_BIT_IDENTITY = _fluid(
    "one-bit-identity",
    "The appendix identity",
    "For exponential outputs of mean 1/mu and threshold theta: p_1 O_1^2 + p_2 O_2^2 = "
    "1/mu^2 + (p_2/p_1) theta^2.",
    r"p_1 O_1^2 + p_2 O_2^2 = \frac1{p_1}\left(\frac1{\mu^2} - p_2\left(\frac1{\mu^2} - "
    r"\theta^2\right)\right) = \frac{1}{\mu^2} + \frac{p_2}{p_1}\theta^2",
    Traffic.BACKLOG,
    "svf-1bit",
    Information.ONE_BIT,
    "kvproof.bounds.catalogue.queueing:identity",
    "2606.22327, appendix; derived here",
)


def identity() -> tuple[Step, ...]:
    """Prove the appendix identity of the paper."""
    squares = f"({_SHORT_O})**2/({_SHORT}) + ({_LONG_O})**2/({_LONG})"
    return (
        Identity(f"{_LONG} == exp(-mu*theta)", "p_2.", positive=_POSITIVE),
        Identity(f"({_LONG_O})/({_LONG}) == theta + 1/mu", "O_2.", positive=_POSITIVE),
        Identity(f"{_SHORT_O} + {_LONG_O} == 1/mu", "p_1 O_1 + p_2 O_2.", positive=_POSITIVE),
        Identity(
            f"{squares} == 1/mu**2 + exp(-mu*theta)/(1 - exp(-mu*theta))*theta**2",
            "p_1 O_1^2 + p_2 O_2^2.",
            positive=_POSITIVE,
        ),
        Identity(
            "(1/mu**2 - exp(-mu*theta)*(1/mu**2 - theta**2))/(1 - exp(-mu*theta)) "
            "== 1/mu**2 + exp(-mu*theta)/(1 - exp(-mu*theta))*theta**2",
            "The paper's form is the same.",
            positive=_POSITIVE,
        ),
    )


ONE_BIT_BACKLOG = _fluid(
    "one-bit-backlog",
    "What one bit is worth on a fluid backlog",
    "Exponential outputs, no prompts, a fluid that serves volume at rate M: a random pair imposes "
    "1/mu^2 without information, 1/(4 mu^2) with full information, and (1 - exp(-x)(x^2/2 + "
    "x))/mu^2 with one bit, x = mu theta; least, 0.413/mu^2, at x = sqrt(2). The fluid packs "
    "perfectly; strict SVF does not.",
    r"\left(1 - e^{-x}\left(\tfrac{x^2}{2} + x\right)\right)\frac1{\mu^2}, \quad "
    r"x = \mu\theta, \quad x^* = \sqrt2",
    Traffic.BACKLOG,
    "svf-1bit",
    Information.ONE_BIT,
    "kvproof.bounds.catalogue.queueing:backlog",
    "here, after 2606.22327",
)


def backlog() -> tuple[Step, ...]:
    """Prove what a random pair imposes on each other, and the best threshold."""
    pair = f"({_SHORT})*({_SHORT_V}) + ({_LONG})*({_LONG_V}) + 2*({_LONG})*({_SHORT_V})"
    return (
        Argument(
            "In a fluid backlog the total wait is the sum over pairs of the volume of the one "
            "that goes first, over M. With v = t^2/2:"
        ),
        Identity(
            f"Integral(t**2/2*{_F}, (t, 0, oo)) == 1/mu**2",
            "No information: E[v].",
            positive=_POSITIVE,
        ),
        Identity(
            f"2*Integral(t**2/2*{_F}*Integral(mu*exp(-mu*u), (u, t, oo)), (t, 0, oo)) "
            "== 1/(4*mu**2)",
            "Full information: E[min(v, v')].",
            positive=_POSITIVE,
        ),
        Identity(
            f"{pair} == (1 - exp(-mu*theta)*((mu*theta)**2/2 + mu*theta))/mu**2",
            "One bit: p_1^2 V_1 + p_2^2 V_2 + 2 p_1 p_2 V_1, V the class mean volumes.",
            positive=_POSITIVE,
        ),
        Identity(
            "Derivative(1 - exp(-x)*(x**2/2 + x), x) == exp(-x)*(x**2/2 - 1)",
            "Its slope in x = mu theta has the sign of x^2/2 - 1:",
            positive=_POSITIVE,
        ),
        Inequality("x**2/2 - 1 <= 0", ("0 <= x <= sqrt(2)",), "falling up to sqrt(2),"),
        Inequality(
            "x**2/2 - 1 > 0", ("sqrt(2) < x",), "rising after it: theta = sqrt(2)/mu is the best."
        ),
        Computation(
            claim="0.4130 < 1 - exp(-sqrt(2)) (1 + sqrt(2)) < 0.4131",
            why="Its value there: 1.65 times full information, where none costs 4 times.",
            run=_value,
        ),
    )


POLLACZEK_KHINCHINE = _fluid(
    "pollaczek-khinchine",
    "FCFS under Poisson arrivals (fluid)",
    "The fluid system is an M/G/1 queue with service v/M; at load rho < 1 FCFS waits "
    "3 rho/(mu^2 M (1 - rho)) on average.",
    r"W = \frac{\lambda E[S^2]}{2(1-\rho)} = \frac{3\rho}{\mu^2 M (1-\rho)}",
    Traffic.HEAVY,
    "fcfs",
    Information.NOTHING,
    "kvproof.bounds.catalogue.queueing:pollaczek_khinchine",
    "Pollaczek 1930, Khinchine 1932; derived here",
)


def pollaczek_khinchine() -> tuple[Step, ...]:
    """FCFS."""
    return (
        Identity(
            "Integral(t**2/2*mu*exp(-mu*t), (t, 0, oo))/M*(rho*mu**2*M) == rho",
            "At arrival rate rho mu^2 M the load is rho.",
            positive="mu M rho t",
        ),
        Identity(
            "Integral(r, (r, 0, S)) == S**2/2",
            "A service of length S leaves r to do at rate dr: the mean work in service is "
            "R = lambda E[S^2]/2.",
            positive="S r",
        ),
        Identity(f"{_WORK} == 3*rho/(mu**2*M)", "R.", positive="mu M rho t"),
        _derived(
            "fcfs",
            "3*rho/(mu**2*M*(1 - rho))",
            "W = 3 rho/(mu^2 M (1 - rho))",
            "W = R + rho W: an arrival waits for the work in service and for what queues, "
            "lambda W requests of mean E[S].",
        ),
    )


COBHAM = _fluid(
    "cobham",
    "One bit under Poisson arrivals (fluid)",
    "Two classes, the short one first, no preemption, load rho < 1: W = p_1 R/(1 - rho_1) + "
    "p_2 R/((1 - rho_1)(1 - rho)) with R = 3 rho/(mu^2 M).",
    r"W = \frac{p_1 R}{1-\rho_1} + \frac{p_2 R}{(1-\rho_1)(1-\rho)}, \quad "
    r"\rho_1 = \rho\left(1 - e^{-x}(1 + x + \tfrac{x^2}{2})\right)",
    Traffic.HEAVY,
    "svf-1bit",
    Information.ONE_BIT,
    "kvproof.bounds.catalogue.queueing:cobham",
    "Cobham 1954; derived here",
)


def cobham() -> tuple[Step, ...]:
    """Two classes."""
    return (
        Identity(
            "Integral(t**2/2*mu*exp(-mu*t), (t, 0, theta))/M*(rho*mu**2*M) "
            "== rho*(1 - exp(-mu*theta)*(1 + mu*theta + (mu*theta)**2/2))",
            "rho_1, the load of the short ones.",
            positive="mu M rho theta t",
        ),
        Identity("R/(1 - a) == R + a*R/(1 - a)", "W_1 = R + rho_1 W_1.", positive="R a"),
        Identity(
            "R/((1 - a)*(1 - c)) == R + a*R/(1 - a) + (c - a)*R/((1 - a)*(1 - c)) "
            "+ a*R/((1 - a)*(1 - c))",
            "W_2 = R + rho_1 W_1 + rho_2 W_2 + rho_1 W_2: the last for short ones that arrive "
            "while it waits (a = rho_1, c = rho).",
            positive="R a c",
        ),
        _derived(
            "one_bit",
            "3*rho/(mu**2*M)*((1 - exp(-x))/(1 - rho*(1 - exp(-x)*(1 + x + x**2/2))) "
            "+ exp(-x)/((1 - rho*(1 - exp(-x)*(1 + x + x**2/2)))*(1 - rho)))",
            "W = p_1 R/(1 - rho_1) + p_2 R/((1 - rho_1)(1 - rho))",
            "The mean over both classes, from the same equations solved by sympy.",
        ),
    )


SHORTEST_JOB_FIRST = _fluid(
    "shortest-job-first",
    "SVF under Poisson arrivals (fluid)",
    "A class for every length, load rho < 1: W = integral of exp(-x) R/(1 - rho_1(x))^2 over "
    "x > 0. With equal prompts SVF and SJF are the same.",
    r"W = \int_0^\infty \frac{R\, e^{-x}}{(1 - \rho_1(x))^2}\, dx",
    Traffic.HEAVY,
    "svf",
    Information.EXACT,
    "kvproof.bounds.catalogue.queueing:shortest_first",
    "Phipps 1956; derived here",
)


def shortest_first() -> tuple[Step, ...]:
    """Prove the form with a class for every length."""
    return (
        Argument(
            "W(t) = R + integral over shorter ones of W d(load) + r(t) W(t), r(t) the load of "
            "outputs up to t: Cobham with a class for every length. In terms of r:"
        ),
        Identity(
            "Derivative(R/(1 - r)**2, r)*(1 - r) - R/(1 - r)**2 == R/(1 - r)**2",
            "Differentiated: W' (1 - r) - W = W, solved by R/(1 - r)^2; W(0) = R.",
            positive="R r",
        ),
        _derived(
            "svf_integrand",
            "exp(-x)*3*rho/(mu**2*M)/(1 - rho*(1 - exp(-x)*(1 + x + x**2/2)))**2",
            "W = integral of exp(-x) R/(1 - r(x))^2 over x > 0",
            "The mean over the density, x = mu t, from the equation solved by sympy.",
        ),
    )


QUEUEING_THEOREMS = (
    LIGHT_TRAFFIC,
    LIGHT_ONE_AT_A_TIME,
    ONE_BIT_IDENTITY,
    ONE_BIT_BACKLOG,
    POLLACZEK_KHINCHINE,
    COBHAM,
    SHORTEST_JOB_FIRST,
)
