"""What is installed here and what state it is in, for ``kvproof doctor`` and reports of faults."""

import os
import platform
import re
import shutil
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import kvproof

#: Extras of the package: what each is for.
EXTRAS = {
    "parquet": "Parquet traces and schedules",
    "plot": "pictures",
    "cpsat": "the cpsat backend of solve",
    "dask": "verify and search --dask",
}


@dataclass(frozen=True, kw_only=True)
class Package:
    """A package that is used: `version` is None where it is not installed."""

    name: str
    version: str | None
    purpose: str

    @property
    def missing(self) -> bool:
        """Whether commands cannot do without it, and it is not there."""
        return self.version is None and self.purpose == "needed"


@dataclass(frozen=True, kw_only=True)
class CompiledCode:
    """Where kernels' compiled code is kept, how much there is of it, and what the wheel carries."""

    folder: Path
    writable: bool
    files: int
    size: int
    carried: int


def packages() -> list[Package]:
    """Return what is needed and what the extras name, in that order."""
    found = []
    for line in requires("kvproof") or ():
        name = re.match(r"[\w.-]+", line)
        extra = re.search(r"extra == .(\w+).", line)
        if name is None or (extra is not None and extra[1] not in EXTRAS):
            continue
        purpose = "needed" if extra is None else EXTRAS[extra[1]]
        found.append(Package(name=name[0], version=version_of(name[0]), purpose=purpose))
    return found


def version_of(package: str) -> str | None:
    """Return the version of an installed package, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def backends() -> list[str]:
    """Return the backends that ``kvproof solve --engine milp`` finds here."""
    from kvproof.solver.backends import available_backends

    return available_backends()


def compiled_code() -> CompiledCode:
    """Look at the folder that Numba keeps this package's compiled code in."""
    from kvproof.scheduling import shipped
    from kvproof.scheduling.usage import hold

    cache = getattr(hold, "_cache", None)
    path = Path(getattr(cache, "cache_path", None) or os.devnull)
    if path.name == "__pycache__":  # beside the sources: each room has its own
        package = Path(kvproof.__file__).parent
        rooms = {entry.resolve() for entry in package.iterdir() if entry.is_dir()}
        folder, roots = package, sorted(rooms)
    else:
        folder, roots = path.parent, [path.parent]
    found = (file for root in roots if root.is_dir() for file in root.rglob("*.nbc"))
    files = [file for file in found if file.parent.name != shipped.FOLDER.name]
    return CompiledCode(
        folder=folder,
        writable=os.access(path if path.exists() else folder, os.W_OK),
        files=len(files),
        size=sum(file.stat().st_size for file in files),
        carried=sum(1 for _ in shipped.FOLDER.glob("*.nbc")) if shipped.usable() else 0,
    )


def verified_checker() -> Path | None:
    """Return the checker extracted from Coq, or None where it is not built."""
    from kvproof.bounds.formal.verified import BUILD, PROGRAM

    program = BUILD / PROGRAM
    return program if program.is_file() else None


def tools() -> dict[str, str | None]:
    """Return the programs that only some things need, by name: where they are, or None."""
    return {name: shutil.which(name) for name in ("coqc", "ocamlfind")}


def machine() -> dict[str, str]:
    """Return the interpreter and the system."""
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": str(os.cpu_count()),
    }
