"""Certified branching on how many of a class have started, for requests that repeat."""
