"""Tables as vectors of float32 that networks can learn, and back: exactly the same cells, of the same types."""

from fgan.data.encoding.fit import fitted
from fgan.data.encoding.table import TableEncoding

__all__ = ["TableEncoding", "fitted"]
