"""The proofs of the theorems, as steps that :mod:`kvproof.bounds.proof.check` decides."""
