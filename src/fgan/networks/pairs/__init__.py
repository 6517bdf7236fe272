"""The networks of fgan: `--network NAME` uses the `PAIR` in the file NAME.py."""
