"""Mutual information: how far a joint distribution is from the product of its margins."""
