"""The f-GAN paper's two tables, recomputed and compared with the published numbers."""
