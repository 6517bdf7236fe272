"""The server of the lab: who may use it, what it offers, and the processes behind it. Without torch."""
