"""Training and comparing as users call them: `fgan.train`, `fgan.compare`, presets, workers."""
