"""Tables of named columns, from files and from memory: numbers and categories, missing cells, and how they were read."""

from fgan.data.tables.files import is_table, read_table
from fgan.data.tables.table import Column, ColumnRead, HowRead, Table

__all__ = ["Column", "ColumnRead", "HowRead", "Table", "is_table", "read_table"]
