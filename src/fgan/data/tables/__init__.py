"""Tables of named columns, from files and from memory: their kinds, their missing cells, and how they were read."""

from fgan.data.tables.content import is_table
from fgan.data.tables.files import read_table, read_tables
from fgan.data.tables.options import TextOptions
from fgan.data.tables.table import Column, ColumnRead, HowRead, Table

__all__ = ["Column", "ColumnRead", "HowRead", "Table", "TextOptions", "is_table", "read_table", "read_tables"]
