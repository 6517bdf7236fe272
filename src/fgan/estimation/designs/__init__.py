"""How samples are parted into what trains, what stops and what reports."""
