"""Methods that need no network: kernels, neighbours, Gaussians and counts."""
