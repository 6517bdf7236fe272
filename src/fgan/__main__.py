"""`python -m fgan` is `fgan`."""

from fgan.cli import main

raise SystemExit(main())
