"""What a genome is worth: the policy's cost over its plan's, or over OPT where that is cheap."""
