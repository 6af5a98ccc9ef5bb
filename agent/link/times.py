"""How long the link waits for what. Pure: one unit scales all of it, so that tests need not sleep."""

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Times:
    """Seconds."""

    silence: float = 5
    """Without any received byte for so long, the other end is gone."""
    opening: float = 10
    """For the connection, its TLS and the upgrade."""
    closing: float = 0.3
    """For the closing handshake; what it would save is safe in the outbox."""
    stable: float = 60
    """A connection that lasted so long makes the next wait short again."""
    first_wait: float = 1
    longest_wait: float = 60
    slow_wait: float = 300
    """Where a person has to act first."""
    superseded: float = 300
    """Until an agent whose place was taken comes back: no jitter, the hub counts how often that happens."""
    slow_ack: float = 0.6
    """An ack that took longer shows a narrow line."""

    def scaled(self, unit: float) -> "Times":
        """The same with another second."""
        return Times(**{field.name: getattr(self, field.name) * unit for field in fields(self)})


def jittered(attempt: int, times: Times, luck: float) -> float:
    """Full jitter: anywhere between nothing and a bound that doubles; `luck` is in [0, 1)."""
    return luck * min(times.longest_wait, times.first_wait * float(1 << min(attempt, 16)))
