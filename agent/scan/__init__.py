"""Finds what changed in the clinic and puts it into the outbox."""

from agent.scan.scan import DEFAULT_PACE, Pace, Scan

__all__ = ["Scan", "Pace", "DEFAULT_PACE"]
