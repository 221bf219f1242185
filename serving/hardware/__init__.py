"""How many tokens a KV cache holds, from a model's published shape and the memory of its GPUs."""
