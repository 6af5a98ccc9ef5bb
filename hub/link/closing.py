"""Why a link ends, as the code of its close frame. docs/protocol.md lists them."""

from enum import IntEnum


class Close(IntEnum):
    """The close codes of the hub; 1009 (a frame above the cap) is the library's."""

    NORMAL = 1000
    AWAY = 1001
    TRY_AGAIN = 1013
    """The store could not be written, or another link moved the lanes on."""
    MALFORMED = 4400
    UNAUTHORISED = 4401
    """Unknown or revoked agent, or a signature that does not fit: one answer for all, so that nothing can be found out."""
    FORBIDDEN = 4403
    """A known agent that reads what it should not."""
    SUPERSEDED = 4408
    UNEXPECTED = 4409


class Refused(Exception):
    """The greeting fails; `reason` is a code of ours and travels in the close frame."""

    def __init__(self, close: Close, reason: str) -> None:
        super().__init__(close, reason)
        self.close, self.reason = close, reason
