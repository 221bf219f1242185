"""Where benchmark results go: one marked section each of docs/performance.md."""

import platform
import re
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"


def machine() -> str:
    """Say in one line what the numbers were measured on."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = re.findall(r"^model name\s*:\s*(.+)$", info.read_text(), re.MULTILINE)
        cpu = f"{len(names)} x {names[0]}" if names else cpu
    return f"{cpu}, {platform.system()}, Python {platform.python_version()}"


def write_section(name: str, text: str, *, page: str = "performance.md") -> None:
    """Replace the section `name` of a page of docs/, or append it."""
    path = DOCS / page
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    section = f"{begin}\n{text.strip()}\n{end}"
    text = path.read_text() if path.exists() else "# Performance\n"
    if begin in text:
        head, _, rest = text.partition(begin)
        text = head + section + rest.partition(end)[2]
    else:
        text = f"{text.rstrip()}\n\n{section}\n"
    path.write_text(text)
    print(f"\nwritten to the section {name} of {page}")
