"""The proofs of the theorems, as steps that :mod:`bounds.proof.check` decides."""
