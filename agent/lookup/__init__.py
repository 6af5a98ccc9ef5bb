"""Answers the hub's questions from the clinic's database, through connections of their own. Knows nothing of the link."""

from agent.lookup.lookup import Lookup, LookupFailed

__all__ = ["Lookup", "LookupFailed"]
