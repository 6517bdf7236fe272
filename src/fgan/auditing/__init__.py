"""Audit a synthetic table: fidelity to the real table, usefulness for prediction, and leaked rows."""

from fgan.auditing.audit import audit
from fgan.auditing.result import Audit

__all__ = ["Audit", "audit"]
