"""Proofs as lists of small steps, and the exact methods that check each of them."""
