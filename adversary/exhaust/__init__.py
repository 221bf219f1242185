"""Every instance of a small box, with exact OPT: a theorem proved there by exhaustion."""
