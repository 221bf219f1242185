"""Numbers of things, in words."""


def counted(number: int, thing: str, things: str | None = None) -> str:
    """Write a number of things.

    >>> counted(1, "request"), counted(1000, "request"), counted(2, "witness", "witnesses")
    ('1 request', '1,000 requests', '2 witnesses')
    """
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"
