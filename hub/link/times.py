"""How long the hub's end of a link waits for what, in seconds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Times:
    """The product's values; tests take smaller ones."""

    silence: float = 5
    """Without any received byte for so long, the agent is gone."""
    greeting: float = 10
    """From the upgrade to a hello."""
    sending: float = 5
    """For a frame to leave; an agent that takes nothing is as good as gone."""
    closing: float = 2
    """For the other half of the closing handshake."""
    draining: float = 5
    """For a link that is taken over to commit what it holds; the store refuses what comes later."""
    state_every: float = 0.05
    """Between two states that are stored, unless the MIS went up or down: agents tell theirs every ten seconds, and when nothing waits
    any more; this only bounds one that talks too much."""
    revoked_every: float = 0.5
    """Between two looks at who was revoked."""
    leaving: float = 10
    """Over so long at most a stopping hub lets its agents go, so that they do not all come back at once."""
    leaving_each: float = 0.01
    """Between two of them: a hub of few clinics need not wait so long."""

    def between(self, links: int) -> float:
        """Two that are let go one after the other."""
        return min(self.leaving / max(links, 1), self.leaving_each)


TIMES = Times()
