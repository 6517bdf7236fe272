"""Read samples from anywhere as vectors, images or categories, with warnings about them."""
