"""What is known of the cases, in few lines: only intervals take a row of a table."""

from dataclasses import dataclass

from kvproof.bounds.domain import Information, Traffic
from kvproof.bounds.taxonomy.cases import BEST, CASES, Case
from kvproof.bounds.taxonomy.graph import Taxonomy
from kvproof.bounds.taxonomy.text import SHOWN, UNKNOWN, source, span

#: What a span says of policies that have it at every eps.
_EVERYWHERE = {
    "no constant": "No constant at any eps",
    "1": "Optimal (ratio 1) at every eps",
    UNKNOWN: "No bound on the ratio is known",
}


@dataclass(frozen=True, kw_only=True)
class Group:
    """Policies of which the same is known, by the same theorems.

    Parameters
    ----------
    cases
        The policies, under one traffic.
    spans
        What is known at each of :data:`SHOWN`.
    source
        The theorems, or "-".
    """

    cases: tuple[Case, ...]
    spans: tuple[str, ...]
    source: str

    @property
    def who(self) -> str:
        """The policies in words, each with all its rules, or all that it may know."""
        told: dict[str, list[str]] = {}
        for case in self.cases:
            told.setdefault(case.policy, []).append(
                str(case.information) if case.policy == BEST else case.who
            )
        words = []
        for policy, each in told.items():
            if policy != BEST:
                first, *others = each
                words.append(" or ".join([first, *(one.partition(" ")[2] for one in others)]))
            elif len(each) == len(Information):
                words.append("best policy, whatever it knows")
            else:
                *most, last = each
                words.append("best policy, " + " or ".join([", ".join(most), last][not most :]))
        return "; ".join(words)

    @property
    def everywhere(self) -> bool:
        """Whether a sentence says all that is known."""
        return len(set(self.spans)) == 1 and self.spans[0] in _EVERYWHERE


@dataclass(frozen=True, kw_only=True)
class Summary:
    """All cases of one traffic: rows of a table, and sentences for the others."""

    traffic: Traffic
    rows: tuple[Group, ...]
    sentences: tuple[str, ...]


def summaries(taxonomy: Taxonomy) -> tuple[Summary, ...]:
    """Return what is known of each traffic, backlogs first."""
    groups = {traffic: _groups(taxonomy, traffic) for traffic in Traffic}
    backlog = groups[Traffic.BACKLOG]
    found = []
    for traffic, of in groups.items():
        inherited = [
            one
            for one in of
            if traffic is Traffic.ARRIVALS and one.everywhere and _among(one, backlog)
        ]
        rest = [one for one in of if one not in inherited]
        sentences = _sentences([one for one in rest if one.everywhere])
        if inherited:
            who = "; ".join(one.who for one in inherited)
            sentences.append(f"As on a {Traffic.BACKLOG}, by the same theorems: {who}.")
        values = [
            f"{case.who} ({theorem.name})"
            for case, theorems in taxonomy.values.items()
            for theorem in theorems
            if case.traffic is traffic is Traffic.HEAVY
        ]
        if values:
            sentences.append(f"The fluid's mean wait is known: {'; '.join(values)}.")
        rows = tuple(one for one in rest if not one.everywhere)
        found.append(Summary(traffic=traffic, rows=rows, sentences=tuple(sentences)))
    return tuple(found)


def _groups(taxonomy: Taxonomy, traffic: Traffic) -> list[Group]:
    groups: dict[tuple[tuple[str, ...], str], list[Case]] = {}
    for case in CASES:
        if case.traffic is traffic:
            known = [taxonomy.known(case, cap) for cap, _ in SHOWN]
            groups.setdefault((tuple(map(span, known)), source(known)), []).append(case)
    return [
        Group(cases=tuple(cases), spans=spans, source=theorems)
        for (spans, theorems), cases in groups.items()
    ]


def _among(group: Group, others: list[Group]) -> bool:
    names = {case.who for case in group.cases}
    return any(
        (one.spans, one.source) == (group.spans, group.source)
        and names <= {case.who for case in one.cases}
        for one in others
    )


def _sentences(groups: list[Group]) -> list[str]:
    """Return a sentence for each of the spans, in the order in which they come."""
    said = []
    for known in dict.fromkeys(one.spans[0] for one in groups):
        same = [one for one in groups if one.spans[0] == known]
        if known == UNKNOWN and len(same) == len(groups):
            said.append(f"{_EVERYWHERE[known]} of any policy.")
            continue
        who = "; ".join(
            one.who + ("" if one.source == "-" else f" ({one.source[2:]})") for one in same
        )
        said.append(f"{_EVERYWHERE[known]}: {who}.")
    return said
