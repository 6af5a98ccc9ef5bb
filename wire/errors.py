"""What can go wrong, by what the caller should do about it. Errors hold ids, codes and counts; never a row, a
frame's body, a phone or a foreign program's text.

    Retry, Park, NeedsOperator                       what to do: the only three that loops know
    LinkError
      MalformedFrame     the peer broke the rules: what came is no frame            close with 4400
      UnexpectedFrame    the peer broke the rules: a frame that may not come now    close with 4409
      LinkNotOpen        we broke the rules: nothing may be sent now
    InvalidChange        a well-formed frame holds a change that cannot be read: park it, ack it
"""

import re
from collections.abc import Iterable

_NAME = re.compile(r"[a-z][a-z_-]{0,39}")


def place(loc: Iterable[int | str]) -> str:
    """Where pydantic found a bad field. A name that the peer made up may hold anything, so only names like ours are repeated."""
    return ".".join(str(part) if isinstance(part, int) or _NAME.fullmatch(part) else "?" for part in loc)


class Retry(Exception):
    """It may work later by itself; `after` in seconds, None where nothing is known."""

    def __init__(self, after: float | None = None) -> None:
        super().__init__(after)
        self.after = after


class Park(Exception):
    """It will not work by itself: put it aside for a person to see."""


class NeedsOperator(Exception):
    """A person has to do something; `hint` is an imperative sentence that an administrator can follow."""

    def __init__(self, hint: str) -> None:
        super().__init__(hint)
        self.hint = hint


class LinkError(Exception):
    """The link between agent and hub."""

    close_code = 1011


class MalformedFrame(LinkError):
    """What came is no frame of this protocol: `places` are the names of the bad fields."""

    close_code = 4400

    def __init__(self, places: tuple[str, ...] = ()) -> None:
        super().__init__(places)
        self.places = places

    def __str__(self) -> str:
        return f"malformed frame: {', '.join(self.places) or 'not a JSON object with a known t'}"


class UnexpectedFrame(LinkError):
    """The peer sent a frame that may not come in this state."""

    close_code = 4409

    def __init__(self, frame: str, state: str) -> None:
        super().__init__(frame, state)
        self.frame, self.state = frame, state

    def __str__(self) -> str:
        return f"{self.frame} may not come while {self.state}"


class LinkNotOpen(LinkError):
    """We tried to send a frame that may not be sent in this state."""

    def __init__(self, frame: str, state: str) -> None:
        super().__init__(frame, state)
        self.frame, self.state = frame, state

    def __str__(self) -> str:
        return f"{self.frame} may not be sent while {self.state}"


class InvalidChange(Park):
    """A change of a well-formed push whose value cannot be read; it is parked and acked."""

    def __init__(self, kind: str, places: tuple[str, ...]) -> None:
        super().__init__(kind, places)
        self.kind, self.places = kind, places

    def __str__(self) -> str:
        return f"invalid {self.kind}: {', '.join(self.places)}"
