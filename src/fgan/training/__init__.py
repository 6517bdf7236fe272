"""Training: the two-player step, the loop around it, and the run directory it writes."""
