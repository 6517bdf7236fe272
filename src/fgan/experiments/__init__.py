"""Named recipes, and later whole studies made of runs."""
