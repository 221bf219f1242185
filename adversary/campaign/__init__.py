"""A search from beginning to end: its settings, its archive, what it shows; the frontier."""
