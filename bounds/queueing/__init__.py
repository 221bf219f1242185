"""Exponential outputs in the fluid limit: what the formulas say, derived, and what runs say."""
