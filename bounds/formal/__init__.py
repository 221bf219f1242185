"""The machine-checked part: statements in ``spec/`` to be read, the rest checked by Coq."""
