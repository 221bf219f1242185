"""What is searched: genomes of instances with plans, the moves between them, known families."""
