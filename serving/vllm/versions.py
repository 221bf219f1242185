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


def cannot_be_used(version: str, error: Exception) -> str:
    """Say why a vLLM cannot be used, and what to do."""
    missing = error.name if isinstance(error, ModuleNotFoundError) else None
    if missing is not None and missing.partition(".")[0] != "vllm":
        return f"this vLLM ({version}) lacks a package that it needs ({error}); install it"
    return (
        f"this vLLM ({version}) builds its scheduler in another way ({error}); {tried()}: "
        f"install one of these (docs/vllm.md)"
    )
