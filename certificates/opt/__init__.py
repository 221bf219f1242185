"""Lower bounds on OPT that need a linear programme: staggered completions, time-indexed prices."""
