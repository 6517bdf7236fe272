"""The step as a program: traced, compiled for this machine, kept on disk."""
