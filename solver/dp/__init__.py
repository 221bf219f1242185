"""Certified search: states step by step, pruned by multipliers that the checker repeats."""
