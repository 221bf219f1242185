"""What docs/pictures/growth.csv says it is: the searches of benchmarks/growth.py, and growth."""

import csv
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from benchmarks.growth import COLUMNS, SERIES, witnessed
from kvproof.adversary.witnesses.witness_file import check_fresh
from kvproof.scheduling.exact import decimal

FILE = Path(__file__).parents[3] / "docs" / "pictures" / "growth.csv"


@pytest.fixture(scope="module")
def rows():
    with FILE.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        assert tuple(reader.fieldnames) == COLUMNS
        return list(reader)


def test_the_rows_are_the_searches(rows):
    asked = [
        (series, settings.memory, settings.requests, settings.evaluations)
        for series, searches in SERIES.items()
        for settings in searches
    ]
    assert asked == [(row["series"], *(int(row[name]) for name in COLUMNS[1:4])) for row in rows]
    for row in rows:
        assert decimal(Fraction(row["ratio"]), 4, up=False) == row["decimal"]


@pytest.mark.parametrize("series", SERIES)
def test_every_series_grows(rows, series):
    ratios = [Fraction(row["ratio"]) for row in rows if row["series"] == series]
    assert ratios == sorted(ratios)
    assert ratios[-1] > 2 * ratios[0]


def test_a_point_is_a_witness_that_the_checker_accepts():
    settings = replace(SERIES["fcfs"][0], evaluations=400)
    witness = witnessed(settings)
    check_fresh([witness.data])
    assert witness.ratio > 5
    assert witness.instance.memory == 100
