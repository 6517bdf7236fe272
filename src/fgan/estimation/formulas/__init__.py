"""Values without a trained critic: counts, normal distributions and nearest neighbours."""
