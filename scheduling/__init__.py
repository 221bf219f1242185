"""Requests, instances, schedules, policies, the simulator and trace readers.

This floor knows no bound. The model is that of docs/theory.md.
"""
