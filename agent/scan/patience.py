"""How long to wait before IDENT's database is tried again. Pure."""

from agent.mis.port import MisBusy, MisDown, MisError, MisRefused
from wire.errors import NeedsOperator

PERSON_SECONDS = 60.0
"""How long a person is given."""
LONGEST_WAIT_SECONDS = 30.0
LONGEST_HELD_SECONDS = 5.0
"""Whoever holds a row, or the server's time, is not pressed for it; nor is what he changes to be seen late."""


class Patience:
    """Grows with each step that fails in a row."""

    def __init__(self, every_seconds: float) -> None:
        self._every = every_seconds
        self._failed = self._held = 0

    def passed(self) -> None:
        """A step did not fail."""
        self._failed = self._held = 0

    def held(self, busy: MisBusy) -> float:
        """Seconds to wait after somebody held what we wanted."""
        self._held += 1
        return busy.after or min(LONGEST_HELD_SECONDS, self._backed_off(self._held))

    def failed(self, error: MisError) -> float:
        """Seconds to wait after any other error."""
        self._failed += 1
        if isinstance(error, NeedsOperator):
            # A lost column may be one that we can do without: the next step looks at what is there.
            is_new = self._failed == 1 and not isinstance(error, MisRefused)
            return self._every if is_new else PERSON_SECONDS
        after = error.after if isinstance(error, MisDown) else None
        return after or min(LONGEST_WAIT_SECONDS, self._backed_off(self._failed))

    def _backed_off(self, times: int) -> float:
        return self._every * float(2 ** min(times, 10))
