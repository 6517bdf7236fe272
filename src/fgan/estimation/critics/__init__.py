"""Critics that are trained: regressions and networks, fold by fold or all folds as one program."""
