"""Cases of the problem, the bounds known for each, and what follows from them."""
