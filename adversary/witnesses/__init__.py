"""Certified witnesses: made from genomes, held against claims, shrunk, written, replayed."""
