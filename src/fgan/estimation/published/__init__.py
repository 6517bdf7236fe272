"""The estimators of the literature: objectives on a matrix of scores, cross-fitted."""
