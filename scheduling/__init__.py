"""Requests, instances, schedules, policies, the simulator and trace readers.

This floor knows no bound. THEORY numbers in its docstrings refer to docs/theory.md.
"""
