"""The frontier of precision and recall: its points with bands, the result, its figure."""
