"""Several runs of the simulator, said in one line: ``k = 1 or 8, strict or skip: ratio >= 8``."""

import re

#: A comma within brackets or a number parts nothing.
_COMMA = re.compile(r", (?![^(]*\))")

#: For each part of what is before the colon the values that it may have, and what comes after.
_Line = tuple[list[tuple[str, ...]], str]


def merged(claims: list[str]) -> list[str]:
    """Return the claims, those merged that differ in one part before the colon.

    Repeated until none do, so that what comes out says what went in: every combination of the
    values of a line is one of the claims.
    """
    lines: list[_Line] = []
    for claim in claims:
        label, _, result = claim.partition(": ")
        lines.append(([(part,) for part in _COMMA.split(label)], result))
    while (pair := _pair(lines)) is not None:
        i, j, at = pair
        parts, other = lines[i][0], lines.pop(j)[0]
        parts[at] += tuple(one for one in other[at] if one not in parts[at])
    return [f"{', '.join(map(_either, parts))}: {result}" for parts, result in lines]


def _pair(lines: list[_Line]) -> tuple[int, int, int] | None:
    """Return two lines and the one part in which they differ, of the same name in both."""
    for i, (first, result) in enumerate(lines):
        for j in range(i + 1, len(lines)):
            second, other = lines[j]
            if result != other or len(first) != len(second):
                continue
            apart = [at for at, (a, b) in enumerate(zip(first, second, strict=True)) if a != b]
            if len(apart) == 1 and _name(first[apart[0]][0]) == _name(second[apart[0]][0]):
                return i, j, apart[0]
    return None


def _name(part: str) -> str:
    """Return ``k`` of ``k = 8``; nothing of a word alone."""
    name, equals, _ = part.partition(" = ")
    return name if equals else ""


def _either(values: tuple[str, ...]) -> str:
    first, *others = values
    if not others:
        return first
    *most, last = [one.partition(" = ")[2] or one for one in others]
    return f"{', '.join([first, *most])} or {last}"
