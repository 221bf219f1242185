"""Families of bad instances: generators whose ratio is simulated and certified, never assumed."""

from kvproof.bounds.families.family import Measured, Witness, measure
from kvproof.bounds.families.natural import random_waves
from kvproof.bounds.families.others import (
    fat_first,
    long_first,
    long_then_shorts,
    long_then_tokens,
    one_class,
    three_lengths,
)
from kvproof.bounds.families.paced import ending_together, paced_wave, pure_pacing_peak
from kvproof.bounds.families.svf import (
    retried_waves,
    separators,
    skip_slots,
    skip_staggered,
    tight_separators,
    waves,
)

FAMILIES = {
    "waves": waves,
    "separators": separators,
    "tight_separators": tight_separators,
    "skip_slots": skip_slots,
    "skip_staggered": skip_staggered,
    "retried_waves": retried_waves,
    "long_first": long_first,
    "fat_first": fat_first,
    "long_then_shorts": long_then_shorts,
    "long_then_tokens": long_then_tokens,
    "one_class": one_class,
    "three_lengths": three_lengths,
    "random_waves": random_waves,
    "paced_wave": paced_wave,
}

__all__ = [
    "FAMILIES",
    "Measured",
    "Witness",
    "ending_together",
    "fat_first",
    "long_first",
    "long_then_shorts",
    "long_then_tokens",
    "measure",
    "one_class",
    "paced_wave",
    "pure_pacing_peak",
    "random_waves",
    "retried_waves",
    "separators",
    "skip_slots",
    "skip_staggered",
    "three_lengths",
    "tight_separators",
    "waves",
]
