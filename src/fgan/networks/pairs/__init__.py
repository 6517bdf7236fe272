"""Networks that ship with fgan: the `PAIR` of each file is `--network` with the name of the file."""
