"""Synthetic tables judged: against the real table, against chance, for what they are used for, and for copies."""

from fgan.auditing.audit import audit
from fgan.auditing.result import Audit

__all__ = ["Audit", "audit"]
