"""Experiments of the paper, run again."""
