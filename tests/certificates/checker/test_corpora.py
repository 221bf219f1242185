"""The corpora, each case through every encoding that it has."""

import copy
import gzip
import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import checker_corpora
import checker_mutants
import checker_truth as truth
import pytest

from kvproof.certificates.checker import Limits, Verdict, check

FOLDER = Path(__file__).parent.parent
EXPECTED = {
    "valid": Verdict.VERIFIED,
    "rejected": Verdict.REJECTED,
    "malformed": Verdict.MALFORMED,
}
FILES = [
    pytest.param(path, verdict, id=f"{corpus}/{path.name}")
    for corpus, verdict in EXPECTED.items()
    for path in sorted((FOLDER / corpus).glob("*.json*"))
]


def encodings(path: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    """Write it in every encoding: plain or gzip, inline or file, with counts or without."""
    data = path.read_bytes()
    variants: dict[str, bytes] = {"as it is": data}
    try:
        made = json.loads(data)
        # only what survives reading and writing is the same case in another encoding
        whole = set(made["instance"]) == {"digest", "inline"} and data == truth.encode(made) + b"\n"
    except (ValueError, KeyError, TypeError):
        whole = False
    if whole:
        for name, inline in instances(made):
            changed = copy.deepcopy(made)
            changed["instance"]["inline"] = inline
            variants[f"{name}, inline"] = json.dumps(changed, indent=1).encode()
            for zipped in (False, True):
                file = f"{name}{zipped:d}.json".replace(" ", "-")
                stored = json.dumps(inline).encode()
                (folder / file).write_bytes(gzip.compress(stored) if zipped else stored)
                changed["instance"] = {"digest": made["instance"]["digest"], "file": file}
                variants[f"{name}, file {zipped:d}"] = json.dumps(changed).encode()
        for where in ("schedule", "witness"):
            starts = made["proof"].get(where) if isinstance(made["proof"], dict) else None
            if isinstance(starts, dict) and list(starts) == ["starts"]:
                changed = copy.deepcopy(made)
                changed["proof"][where]["count"] = [1] * len(starts["starts"])
                variants[f"{where} in runs"] = json.dumps(changed).encode()
    for number, (name, variant) in enumerate(variants.items()):
        for suffix, encoded in (("", variant), (", gzip", gzip.compress(variant))):
            file = f"certificate{number}{suffix[2:]}"
            (folder / file).write_bytes(encoded)
            if suffix and variant[:2] == b"\x1f\x8b":
                continue
            yield name + suffix, folder / file


def instances(made: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    inline = made["instance"]["inline"]
    yield "expanded", inline
    try:
        counted = checker_mutants.with_counts(made)["instance"]["inline"]
    except (ValueError, KeyError, TypeError):
        return  # its columns are what is wrong
    if "count" not in inline:
        yield "counts", counted


@pytest.mark.parametrize(("path", "verdict"), FILES)
def test_corpus(path: Path, verdict: Verdict, tmp_path: Path) -> None:
    tried = 0
    for name, encoded in encodings(path, tmp_path):
        result = check(encoded)
        assert result.verdict is verdict, (name, result)
        assert (result.claim_in_words is None) == (verdict is not Verdict.VERIFIED)
        assert result.reason is None or ("\n" not in result.reason and len(result.reason) < 500)
        tried += 1
    assert tried >= (14 if verdict is not Verdict.MALFORMED else 1)


def test_valid_claims_are_true_by_brute_force() -> None:
    for path in sorted((FOLDER / "valid").glob("*.json")):
        if path.stem != "edge-of-ranges":  # too large to walk
            assert truth.is_true(json.loads(path.read_bytes())), path.name


@pytest.mark.parametrize("corpus", EXPECTED)
def test_index_has_one_line_for_each_file(corpus: str) -> None:
    lines = (FOLDER / corpus / "INDEX.md").read_text(encoding="utf-8").splitlines()[2:]
    named = [line.split("`")[1] for line in lines]
    assert sorted(named) == sorted(path.name for path in (FOLDER / corpus).glob("*.json*"))
    assert all(len(line.split("`: ", 1)[1]) > 4 for line in lines)


@pytest.mark.parametrize("corpus", EXPECTED)
def test_files_are_what_the_writer_writes(corpus: str) -> None:
    for name, made, _ in checker_corpora.CORPORA[corpus]():
        data = checker_corpora.as_bytes(made)
        suffix = ".json.gz" if data[:2] == b"\x1f\x8b" else ".json"
        stored = (FOLDER / corpus / (name + suffix)).read_bytes()
        # compressed bytes differ between versions of zlib
        assert stored == data or suffix == ".json.gz", name


def test_the_example_of_the_specification() -> None:
    page = (FOLDER.parents[1] / "docs" / "certificates.md").read_text(encoding="utf-8")
    example = page.split("```json\n")[1].split("```")[0]
    assert check(example.encode()).verdict is Verdict.VERIFIED
    assert truth.is_true(json.loads(example))


def test_the_limits_of_the_specification() -> None:
    page = (FOLDER.parents[1] / "docs" / "certificates.md").read_text(encoding="utf-8")
    table = page.split("| limit | default |")[1].split("\n\n")[0]
    for field in fields(Limits):
        assert f"| {field.default:,} |" in table


@pytest.mark.parametrize(("name", "last"), [("bound-kind", True), ("parts-nested", False)])
def test_an_unknown_kind_of_bound_is_told_which_are_known(name: str, last: bool) -> None:
    reason = check((FOLDER / "malformed" / f"{name}.json").read_bytes()).reason or ""
    known, got = reason.split(", got ")
    assert "expected 'price' or " in known
    assert known.endswith(" or 'parts'") == last  # a part has none itself
    assert got
