"""Numbers of things, in words."""


def counted(number: int, thing: str, things: str | None = None) -> str:
    """Write a number of things.

    >>> counted(1, "request"), counted(1000, "request"), counted(2, "witness", "witnesses")
    ('1 request', '1,000 requests', '2 witnesses')
    """
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def with_numbers(numbers: dict[str, int]) -> str:
    """Return the names, each with its number where that is not the largest."""
    most = max(numbers.values(), default=0)
    return ", ".join(
        name if number == most else f"{name} (on {number:,})" for name, number in numbers.items()
    )
