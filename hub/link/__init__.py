"""The hub's end of the links to agents: who may speak, what was pushed, and when a link ends. Knows nothing of what changes mean."""

from hub.link.registry import Registry
from hub.link.server import LinkServer

__all__ = ["LinkServer", "Registry"]
