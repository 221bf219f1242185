"""Claims about policies and their schedules; they say nothing of OPT beyond a schedule's cost."""
