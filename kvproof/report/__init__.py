"""A command's answer as one self-contained page."""
