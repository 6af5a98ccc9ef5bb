"""What waits for the hub, and what was sent before: one SQLite file. Knows nothing of IDENT or of sockets."""

from agent.outbox.index import VisitKeys
from agent.outbox.journal import Asked
from agent.outbox.outbox import Outbox, open_outbox
from agent.outbox.owners import Owners, Rows
from agent.outbox.values import MAX_CHANGES, GenerationChanged, Reading, Snapshot

__all__ = [
    "open_outbox",
    "Outbox",
    "Reading",
    "Snapshot",
    "GenerationChanged",
    "MAX_CHANGES",
    "Asked",
    "VisitKeys",
    "Owners",
    "Rows",
]
