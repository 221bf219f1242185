"""Numbers of things, in words."""


def counted(number: int, thing: str) -> str:
    """Write a number of things.

    >>> counted(1, "request"), counted(1000, "request")
    ('1 request', '1,000 requests')
    """
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
