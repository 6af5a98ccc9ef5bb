"""The agent's end of the one WebSocket to the hub."""

from agent.link.dialler import Link, LinkStand

__all__ = ["Link", "LinkStand"]
