"""The search for bad instances: spaces, engines, certified witnesses, exhaustion.

Whatever a search claims is a pair of an instance and a feasible schedule of it, so its ratio is a
lower bound on the policy's competitive ratio; the independent checker has the last word.
"""
