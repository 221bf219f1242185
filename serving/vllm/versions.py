"""Which versions of vLLM all of this was tried with: its scheduler interface is not public."""

#: Tried in full (``make test-vllm``).
PINNED = "0.32.0"
#: Tried as far as the order of the queue goes (``make test-vllm-older``).
OLDER = ("0.21.0", "0.26.0")


def is_tried(version: str) -> bool:
    """Whether a version is one of these; of ``0.32.0+cpu`` the first part counts."""
    return version.partition("+")[0] in (PINNED, *OLDER)


def tried() -> str:
    """Name the versions, for messages."""
    return f"tried: {', '.join(OLDER)}, {PINNED}"


def in_another_way(version: str, error: Exception) -> str:
    """Say that a vLLM is built in a way that is not known here, and what to do."""
    return (
        f"this vLLM ({version}) builds its scheduler in another way ({error}); {tried()}: "
        f"install one of these (docs/vllm.md)"
    )
