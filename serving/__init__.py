"""Real engines: policies that run inside them, and proofs about what they did.

No other room imports this one, and nothing here imports an engine before it is asked to.
"""
