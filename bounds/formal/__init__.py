"""The machine-checked part: statements in ``spec/`` to be read, ``proofs/`` checked by Coq."""
