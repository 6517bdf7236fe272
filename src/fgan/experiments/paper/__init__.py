"""The f-GAN paper's two tables, computed anew and held against what was published."""
