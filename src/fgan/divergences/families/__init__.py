"""One file for each family of divergences, its formula first."""
