"""Splits of the samples: which train a critic, which stop it, and which report."""
